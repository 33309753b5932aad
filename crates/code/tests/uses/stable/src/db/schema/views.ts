import { eq, isNull, sql } from "drizzle-orm";
import { integer, numeric, pgMaterializedView, pgView } from "drizzle-orm/pg-core";
import { posts } from "./posts";
import { users } from "./users";

// 5. the query of a view runs in the database: no query of the app
export const activeUsers = pgView("active_users").as((qb) =>
  qb.select({ id: users.id, email: users.email }).from(users).where(isNull(users.deletedAt)),
);

export const postStats = pgMaterializedView("post_stats").as((qb) =>
  qb
    .select({ authorId: posts.authorId, posts: sql<number>`count(*)`.as("posts") })
    .from(posts)
    .where(eq(posts.published, true))
    .groupBy(posts.authorId),
);

export const billing = pgView("billing", {
  userId: integer("user_id"),
  total: numeric("total"),
}).existing();
