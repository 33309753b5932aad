import { defineRelations } from "drizzle-orm";
import * as schema from "./schema";

// 252. defineRelations() names columns for queries that are elsewhere
export const relations = defineRelations(schema, (r) => ({
  users: {
    posts: r.many.posts(),
    groups: r.many.groups({
      from: r.users.id.through(r.members.userId),
      to: r.groups.id.through(r.members.groupId),
    }),
    drafts: r.many.posts({
      from: r.users.id,
      to: r.posts.authorId,
      where: { views: 0 },
      alias: "drafts",
    }),
  },
  posts: {
    author: r.one.users({ from: r.posts.authorId, to: r.users.id, optional: false }),
  },
}));
