import { eq, sql } from "drizzle-orm";
import { db, posts, users } from "@/db";

// 73. a prepared select
export const userByEmail = db
  .select({ id: users.id, name: users.fullName }) //~ certain select users.id; certain select users.full_name
  .from(users)
  .where(eq(users.email, sql.placeholder("email"))) //~ certain filter users.email
  .prepare("user_by_email");

// 74. a prepared select of all columns
export const allPosts = db.select().from(posts).prepare("all_posts"); //~ certain select posts.*

// 75. a prepared relational query
export const postById = db.query.posts
  .findFirst({ //~ certain select posts.*
    where: eq(posts.id, sql.placeholder("id")), //~ certain filter posts.id
  })
  .prepare("post_by_id");

// 76. a prepared update without a name
export const touch = db
  .update(users)
  .set({ deletedAt: null }) //~ certain update users.deleted_at
  .where(eq(users.id, sql.placeholder("id"))) //~ certain filter users.id
  .prepare("");

export async function run(email: string, id: number) {
  const [user] = await userByEmail.execute({ email });
  await allPosts.execute();
  await postById.execute({ id });
  await touch.execute({ id });
  return user?.name;
}
