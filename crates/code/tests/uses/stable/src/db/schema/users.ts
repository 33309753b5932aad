import { sql } from "drizzle-orm";
import { check, index, jsonb, pgTable, text, timestamp, uniqueIndex, varchar } from "drizzle-orm/pg-core";
import { createdAt, id } from "./columns";
import { role } from "./enums";

// 4. columns named by checks and indexes are the database's business: no query of the app
export const users = pgTable(
  "users",
  {
    id: id(),
    email: varchar("email", { length: 255 }).notNull().unique(),
    fullName: varchar("full_name", { length: 200 }),
    password: text("password_hash").notNull(),
    role: role("role").notNull().default("member"),
    tags: text("tags").array().notNull().default([]),
    settings: jsonb("settings").$type<{ theme?: string }>(),
    deletedAt: timestamp("deleted_at", { withTimezone: true }),
    createdAt,
  },
  (t) => [
    uniqueIndex("users_email_lower").on(sql`lower(${t.email})`),
    index("users_alive").on(t.id).where(sql`${t.deletedAt} is null`),
    check("users_name", sql`length(${t.fullName}) > 1`),
  ],
);
