import { integer, pgTableCreator, text } from "drizzle-orm/pg-core";
import { id } from "./columns";

const table = pgTableCreator((name) => `acme_${name}`);

export const projects = table("projects", (t) => ({
  id: id(),
  name: t.text().notNull(),
  slug: text("slug").notNull(),
  ownerId: integer("owner_id").notNull(),
}));
