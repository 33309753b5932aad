import { sql } from "drizzle-orm";
import { integer, pgSchema, pgTable, pgView, primaryKey, snakeCase, text, timestamp } from "drizzle-orm/pg-core";

/** Names of columns are made of the keys. */
export const users = snakeCase.table("users", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  email: text().notNull().unique(),
  fullName: text(),
  passwordHash: text().notNull(),
  createdAt: timestamp().notNull().defaultNow(),
});

export const posts = pgTable("posts", {
  id: integer("id").primaryKey().generatedByDefaultAsIdentity(),
  authorId: integer("author_id")
    .notNull()
    .references(() => users.id),
  title: text("title").notNull(),
  slug: text("slug").generatedAlwaysAs(sql`lower(title)`),
  views: integer("views").notNull().default(0),
  editedAt: timestamp("edited_at").$onUpdate(() => new Date()),
});

export const groups = pgTable("groups", (t) => ({
  id: t.integer().primaryKey(),
  name: t.text().notNull(),
}));

export const members = pgTable(
  "members",
  {
    userId: integer("user_id").notNull(),
    groupId: integer("group_id").notNull(),
    since: timestamp("since").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.groupId] })],
);

export const audit = pgSchema("audit");

export const events = audit.table("events", {
  id: integer("id").primaryKey(),
  userId: integer("user_id"),
  what: text("what").notNull(),
});

export const writers = pgView("writers").as((qb) => qb.selectDistinct({ authorId: posts.authorId }).from(posts));
