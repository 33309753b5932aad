import { boolean, integer, pgTable, text } from "drizzle-orm/pg-core";

export const customers = pgTable("customers", {
  id: integer("id").primaryKey(),
  email: text("email").notNull(),
  vatNumber: text("vat_number"),
});

export const invoices = pgTable("invoices", {
  id: integer("id").primaryKey(),
  customerId: integer("customer_id").notNull(),
  paid: boolean("is_paid").notNull().default(false),
});
