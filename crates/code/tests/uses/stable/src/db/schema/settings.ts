import { jsonb, pgTable, text } from "drizzle-orm/pg-core";

const settings = pgTable("settings", {
  key: text("key").primaryKey(),
  value: jsonb("value"),
});

export default settings;
