import * as orm from "drizzle-orm";
import { type SQL, eq, inArray, sql, sql as raw } from "drizzle-orm";
import { db, posts, users } from "@/db";

// 140. execute() of a template: its SQL is read
export function named(id: number) {
  return db.execute(sql`select full_name from users where id = ${id}`); //~ certain select users.full_name; certain filter users.id
}

// 141. a template of several lines
export function several(email: string) {
  return db.execute<{ id: number }>(sql`
    select u.id, -- //~ certain select users.id
           count(p.id) as posts -- //~ certain select posts.id
    from users u
    left join posts p on p.author_id = u.id -- //~ certain filter posts.author_id; certain filter users.id
    where u.email = ${email} -- //~ certain filter users.email
    group by u.id -- //~ certain filter users.id
  `);
}

// 142. a star names no column
export function star() {
  return db.execute(sql`select * from users`); //~ certain select users
}

// 143. tables and columns as placeholders
export function placeholders(email: string) {
  return db.execute(sql`select ${users.id} from ${users} where ${users.email} = ${email}`); //~ certain select users.id; certain filter users.email
}

// 144. a table as a placeholder, its columns as text
export function halfPlaceholders() {
  return db.execute(sql`select full_name from ${users} where deleted_at is null`); //~ certain select users.full_name; certain filter users.deleted_at
}

// 145. INSERT with its own list: these columns and no others
export function insert(email: string) {
  return db.execute(sql`insert into users (email, password_hash) values (${email}, '-') on conflict (email) do nothing returning id`); //~ certain insert users.email; certain insert users.password_hash; certain conflict users.email; certain returning users.id
}

// 146. UPDATE and DELETE as text
export function change(id: number, name: string) {
  return Promise.all([
    db.execute(sql`update users set full_name = ${name} where id = ${id}`), //~ certain update users.full_name; certain filter users.id
    db.execute(sql`delete from bookmarks where user_id = ${id}`), //~ certain delete bookmarks; certain filter bookmarks.user_id
  ]);
}

// 147. another schema, and names in quotes
export function qualified(token: string) {
  return db.execute(sql`select "s"."user_id" from auth.sessions as "s" where "s"."token" = ${token}`); //~ certain select auth.sessions.user_id; certain filter auth.sessions.token
}

// 148. the star of one table, a column of the other
export function halfStar() {
  return db.execute(sql`select u.*, p.title from users u join posts p on p.author_id = u.id`); //~ certain select posts.title; certain filter posts.author_id; certain filter users.id
}

// 149. columns without a table: only one of the tables has them
export function unqualified() {
  return db.execute(sql`select title, email from posts, users where author_id = users.id`); //~ certain select posts.title; certain select users.email; certain filter posts.author_id; certain filter users.id
}

// 150. USING names a column of both
export function using() {
  return db.execute(sql`select note from bookmarks join comments using (post_id)`); //~ certain select bookmarks.note; certain filter bookmarks.post_id; certain filter comments.post_id
}

// 151. a view
export function view() {
  return db.execute(sql`select email from active_users`); //~ certain select active_users.email
}

// 152. INSERT of a SELECT as text
export function insertSelect() {
  return db.execute(sql`insert into bookmarks (user_id, post_id) select author_id, id from posts where views > 10`); //~ certain insert bookmarks.user_id; certain insert bookmarks.post_id; certain select posts.author_id; certain select posts.id; certain filter posts.views
}

// 153. a CTE that has the name of a table
export function hidden() {
  return db.execute(sql`with users as (select author_id as email from posts) select email from users`); //~ certain select posts.author_id
}

// 154. sql.raw() of a whole query
export function rawQuery() {
  return db.execute(sql.raw("select title from posts order by views")); //~ certain select posts.title; certain filter posts.views
}

// 155. sql.identifier() of a literal
export function identifier() {
  return db.execute(sql`select ${sql.identifier("full_name")} from ${users}`); //~ certain select users.full_name
}

// 156. sql.identifier() of anything
export function anyIdentifier(column: string) {
  return db.execute(sql`select ${sql.identifier(column)} from ${users}`); //~ possible select users.*
}

// 157. sql under another name
export function otherName(id: number) {
  return db.execute(raw`select email from users where id = ${id}`); //~ certain select users.email; certain filter users.id
}

// 158. sql of a namespace
export function ofNamespace() {
  return db.execute(orm.sql`select slug from acme_projects`); //~ certain select acme_projects.slug
}

// 159. a template in where()
export function inWhere(email: string) {
  return db.select({ id: users.id }).from(users).where(sql`lower(${users.email}) = ${email.toLowerCase()}`); //~ certain select users.id; certain filter users.email
}

// 160. text without placeholders in where(): there is one table to have the column
export function textInWhere(name: string) {
  return db.select({ id: users.id }).from(users).where(sql`full_name ilike ${name}`); //~ certain select users.id; certain filter users.full_name
}

// 161. a template in the list
export function inList() {
  return db.select({ theme: sql<string>`${users.settings}->>'theme'` }).from(users); //~ certain select users.settings
}

// 162. a template in orderBy()
export function inOrder() {
  return db.select({ id: posts.id }).from(posts).orderBy(sql`${posts.views} desc nulls last`); //~ certain select posts.id; certain filter posts.views
}

// 163. a query as placeholder in a template
export function queryInside() {
  const authors = db.select({ id: posts.authorId }).from(posts).where(eq(posts.published, true)); //~ certain select posts.author_id; certain filter posts.published
  return db.execute(sql`select email from users where id in ${authors}`); //~ certain select users.email; certain filter users.id
}

// 164. a list of values as placeholder
export function valuesInside(ids: number[]) {
  return db.execute(sql`select email from users where id in ${ids}`); //~ certain select users.email; certain filter users.id
}

// 165. a template in a template
export function templateInside(ids: number[]) {
  const some = sql`where ${inArray(users.id, ids)}`; //~ certain filter users.id
  return db.execute(sql`select email from users ${some}`); //~ certain select users.email
}

// 166. a template that is put together by statements
export function chunks(name?: string) {
  const parts: SQL[] = [sql`select * from users`];
  if (name) {
    parts.push(sql`where full_name =`, sql`${name}`); //~ possible named users.full_name
  }
  return db.execute(sql.join(parts, sql.raw(" ")));
}

// 167. a template with a placeholder for what is sent later
export function later() {
  return db
    .select({ id: users.id }) //~ certain select users.id
    .from(users)
    .where(sql`${users.email} = ${sql.placeholder("email")}`) //~ certain filter users.email
    .prepare("user_id_by_email");
}
