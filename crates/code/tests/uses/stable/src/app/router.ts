import { eq } from "drizzle-orm";
import { posts, users } from "../db/schema";

/** The shape of a procedure builder; where `ctx` comes from is not to be seen here. */
declare const procedure: {
  query<T>(handler: (options: { ctx: any; input: any }) => T): T;
};

// 197. chains on a context: the tables prove what they are
export const list = () =>
  procedure.query(({ ctx }) => {
    return ctx.db.select({ email: users.email }).from(users).where(eq(users.role, "admin")); //~ certain select users.email; certain filter users.role
  });

// 198. relational queries on a context: the key may be another library's
export const get = () =>
  procedure.query(async ({ ctx, input }) => {
    return await ctx.db.query.posts.findFirst({
      columns: { title: true }, //~ likely select posts.title
      where: eq(posts.id, input.id), //~ likely filter posts.id
      with: {
        author: { columns: { email: true } }, //~ likely select users.email; likely filter users.id; likely filter posts.author_id
      },
    });
  });

// 199. a write on a context
export const create = () =>
  procedure.query(({ ctx, input }) => ctx.db.insert(posts).values(input).returning({ id: posts.id })); //~ certain insert posts.*; certain returning posts.id
