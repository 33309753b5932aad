import { sql } from "drizzle-orm";
import {
  bigint, boolean, foreignKey, index, integer, jsonb, numeric, pgEnum, pgSchema, pgTable, pgView, primaryKey, serial,
  text, timestamp, unique, uniqueIndex, uuid, varchar,
} from "drizzle-orm/pg-core";

export const mood = pgEnum("mood", ["sad", "ok", "it's fine"]);

export const users = pgTable("users", {
  id: integer("id").primaryKey().generatedAlwaysAsIdentity(),
  email: varchar("email", { length: 320 }).notNull().unique(),
  nick: varchar("nick", { length: 40 }),
  mood: mood("mood").default("ok"),
  moods: mood("moods").array(),
  lower: text("lower").generatedAlwaysAs(sql`lower(email)`),
  settings: jsonb("settings").notNull().default({}),
  tags: text("tags").array().notNull(),
  created_at: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  balance: numeric("balance", { precision: 10, scale: 2 }).notNull(),
});

export const posts = pgTable(
  "posts",
  {
    id: serial("id").primaryKey(),
    author: integer("author").notNull().references(() => users.id),
    title: text("title").notNull(),
    body: text("body"),
    slug: text("slug").notNull(),
    views: integer("views").notNull().default(0),
    big: bigint("big", { mode: "number" }),
    published: boolean("published"),
  },
  (t) => [
    uniqueIndex("posts_author_slug").on(t.author, t.slug),
    uniqueIndex("posts_published_title").on(t.title).where(sql`${t.published} is true`),
    index("posts_title").on(t.title),
  ],
);

export const auth = pgSchema("auth");

export const members = auth.table(
  "members",
  {
    tenant: uuid("tenant").notNull(),
    member: uuid("member").notNull(),
    role: text("role").notNull().default("reader"),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.member] })],
);

export const badges = auth.table(
  "badges",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    tenant: uuid("tenant").notNull(),
    member: uuid("member").notNull(),
    members: text("members"),
  },
  (t) => [
    foreignKey({ columns: [t.tenant, t.member], foreignColumns: [members.tenant, members.member] }),
    unique("badges_members").on(t.members, t.tenant),
  ],
);

export const tagsOfPosts = pgTable("tags_of_posts", {
  post: integer("post").notNull().references(() => posts.id),
  tag: text("tag").notNull(),
});

export const busy = pgView("busy").as((qb) => qb.select({ id: users.id, email: users.email }).from(users));
