import { type AnyPgColumn, boolean, foreignKey, index, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { count, id, timestamps } from "./columns";
import { users } from "./users";

export const posts = pgTable(
  "posts",
  {
    id: id(),
    // 2. references() names a column for the database only
    authorId: integer("author_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    title: text("title").notNull(),
    body: text("body"),
    views: count("views"),
    published: boolean("published").notNull().default(false),
    ...timestamps,
  },
  (t) => ({
    byAuthor: index("posts_by_author").on(t.authorId),
  }),
);

export const comments = pgTable(
  "comments",
  {
    id: id(),
    postId: integer("post_id")
      .notNull()
      .references((): AnyPgColumn => posts.id),
    authorId: integer("author_id").notNull(),
    body: text("body").notNull(),
    parentId: integer("parent_id"),
  },
  (t) => [
    foreignKey({ columns: [t.authorId], foreignColumns: [users.id] }),
    foreignKey({ columns: [t.parentId], foreignColumns: [t.id], name: "comments_parent" }),
  ],
);

export const bookmarks = pgTable(
  "bookmarks",
  {
    userId: integer("user_id").notNull(),
    postId: integer("post_id").notNull(),
    note: text("note"),
  },
  (t) => [primaryKey({ columns: [t.userId, t.postId] })],
);
