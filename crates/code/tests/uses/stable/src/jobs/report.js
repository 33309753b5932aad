import { isNull } from "drizzle-orm";
import { db, users } from "../db/index";

// 208. JavaScript
export async function report() {
  const rows = await db.select({ name: users.fullName }).from(users).where(isNull(users.deletedAt)); //~ certain select users.full_name; certain filter users.deleted_at
  return rows.map((row) => row.name);
}
