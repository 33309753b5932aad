import { sql } from "drizzle-orm";
import { customType, integer, pgTable, text } from "drizzle-orm/pg-core";
import { id, money } from "./columns";
import { orderStatus } from "./enums";
import { OWNER, TABLES } from "./names";

const citext = customType<{ data: string }>({
  dataType() {
    return "citext";
  },
});

export const orders = pgTable(TABLES.orders, {
  id: integer("id").primaryKey().generatedAlwaysAsIdentity(),
  userId: integer(OWNER).notNull(),
  status: orderStatus("status").notNull().default("open"),
  total: money("total"),
  reference: text("reference")
    .notNull()
    .$defaultFn(() => crypto.randomUUID()),
  coupon: citext("coupon"),
});

// 1. the expression of a generated column is no query of the app
export const orderLines = pgTable(TABLES.lines, {
  id: id(),
  orderId: integer("order_id").notNull(),
  sku: text("sku").notNull(),
  quantity: integer("quantity").notNull(),
  price: money("unit_price"),
  amount: money("amount").generatedAlwaysAs(sql`quantity * unit_price`),
});
