import { billingDb, client, customers } from "@acme/db";
import { invoices } from "@acme/db/schema";
import { eq } from "drizzle-orm";

// 188. a package of the workspace
export function vatNumber(id: number) {
  return billingDb.select({ vat: customers.vatNumber }).from(customers).where(eq(customers.id, id)); //~ certain select customers.vat_number; certain filter customers.id
}

// 189. a path that the package exports
export function markPaid(id: number) {
  return billingDb.update(invoices).set({ paid: true }).where(eq(invoices.id, id)); //~ certain update invoices.is_paid; certain filter invoices.id
}

// 190. the database of a package
export function customersOf() {
  return billingDb.query.customers.findMany({ columns: { email: true } }); //~ certain select customers.email
}

// 191. the tag of postgres.js
export function tag(id: number) {
  return client`select vat_number from customers where id = ${id}`; //~ certain select customers.vat_number; certain filter customers.id
}

// 192. unsafe() of postgres.js
export function unsafe() {
  return client.unsafe("select customer_id from invoices where not is_paid"); //~ certain select invoices.customer_id; certain filter invoices.is_paid
}

// 193. the tag in a transaction of postgres.js
export function begin(id: number) {
  return client.begin((sql) => sql`update customers set vat_number = null where id = ${id}`); //~ certain update customers.vat_number; certain filter customers.id
}
