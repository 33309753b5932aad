import { PGlite } from "/tmp/fx/node_modules/@electric-sql/pglite/dist/index.js";
import { drizzle } from "drizzle-orm/pg-proxy";
import { sql, eq } from "drizzle-orm";
import * as s from "./src/db/schema";
const { users, posts, orderLines } = s;
const db = drizzle(async () => ({ rows: [] }), { schema: s });
const lite = new PGlite();
await lite.exec(`create table users(id int, email text); create table posts(id int, author_id int); insert into users values (1),(2); insert into posts values (10,1),(11,1); create table order_lines(id serial, order_id int, sku text, quantity int, unit_price numeric, amount numeric generated always as (quantity*unit_price) stored)`);
const q = db.select({ id: users.id, n: sql`(select count(*) from ${posts} where ${posts.authorId} = ${users.id})` }).from(users).toSQL().sql;
console.log(q); console.log((await lite.query(q)).rows);
await lite.exec("alter table users rename id to x"); try { await lite.query(db.select({ n: sql`(select count(*) from ${posts} where ${posts.authorId} = ${users.id})` }).from(users).toSQL().sql); console.log("still runs without users.id"); } catch (e: any) { console.log(e.message); }
try { await lite.query(db.insert(orderLines).select((qb) => qb.select().from(orderLines) as any).toSQL().sql); } catch (e: any) { console.log("insert select generated:", e.message); }
