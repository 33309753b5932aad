import { integer, numeric, serial, timestamp } from "drizzle-orm/pg-core";

/** Spread into tables. */
export const timestamps = {
  createdAt: timestamp("created_at", { withTimezone: true }).defaultNow().notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).$onUpdate(() => new Date()),
};

/** A column that is shared on its own. */
export const createdAt = timestamp("created_at", { withTimezone: true }).defaultNow().notNull();

export const id = () => serial("id").primaryKey();

export function money(name: string) {
  return numeric(name, { precision: 12, scale: 2 }).notNull();
}

export const count = (name: string) => integer(name).notNull().default(0);
