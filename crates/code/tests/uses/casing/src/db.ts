import { drizzle } from "drizzle-orm/node-postgres";
import { Pool } from "pg";
import * as schema from "./schema";

const pool = new Pool();

export const db = drizzle(pool, { schema, casing: "snake_case" });
