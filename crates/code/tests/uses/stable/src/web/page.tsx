import { desc } from "drizzle-orm";
import { db, posts } from "@/db";

// 210. a component that asks the database
export async function Page() {
  const rows = await db
    .select({ title: posts.title, views: posts.views }) //~ certain select posts.title; certain select posts.views
    .from(posts)
    .orderBy(desc(posts.views)); //~ certain filter posts.views
  return (
    <ul>
      {rows.map((row) => (
        <li>
          {row.title} <b>{row.views}</b>
        </li>
      ))}
    </ul>
  );
}
