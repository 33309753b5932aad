import { db, posts } from "@/db";

// 206. what lies in __tests__ is not deployed either
export function seed() {
  return db.insert(posts).values({ authorId: 1, title: "?" }).returning({ id: posts.id }); //~ possible insert posts.*; possible returning posts.id
}
