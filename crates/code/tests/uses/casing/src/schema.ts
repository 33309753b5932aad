import { relations } from "drizzle-orm";
import { integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";

const times = {
  createdAt: timestamp().notNull().defaultNow(),
};

export const customers = pgTable("customers", {
  id: integer().primaryKey(),
  fullName: text().notNull(),
  ownerID: integer(),
  htmlURL2: text(),
  nickName: text("nickName"),
  ...times,
});

export const invoices = pgTable("invoiceList", (t) => ({
  id: t.integer().primaryKey(),
  customerId: t.integer().notNull(),
  paidAt: t.timestamp({ withTimezone: true }),
}));

export const customersRelations = relations(customers, (r) => ({ invoices: r.many(invoices) }));
export const invoicesRelations = relations(invoices, (r) => ({
  customer: r.one(customers, { fields: [invoices.customerId], references: [customers.id] }),
}));
