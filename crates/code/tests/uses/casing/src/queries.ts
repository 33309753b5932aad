import { eq, isNull, sql } from "drizzle-orm";
import { db } from "./db";
import { customers, invoices } from "./schema";

// 244. casing: names are made of the keys
export function names() {
  return db
    .select({
      name: customers.fullName, //~ certain select customers.full_name
      owner: customers.ownerID, //~ certain select customers.owner_id
      page: customers.htmlURL2, //~ certain select customers.html_url_2
      since: customers.createdAt, //~ certain select customers.created_at
    })
    .from(customers);
}

// 245. casing: a name that is given stays as it is
export function nick() {
  return db.select({ nick: customers.nickName }).from(customers); //~ certain select customers.nickName
}

// 246. casing: names of tables stay as they are
export function unpaid() {
  return db.select().from(invoices).where(isNull(invoices.paidAt)); //~ certain select invoiceList.*; certain filter invoiceList.paid_at
}

// 247. casing: insert and update
export function rename(id: number, name: string) {
  return Promise.all([
    db.insert(customers).values({ id, fullName: name }).onConflictDoNothing(), //~ certain insert customers.*
    db.update(customers).set({ fullName: name }).where(eq(customers.id, id)), //~ certain update customers.full_name; certain filter customers.id
  ]);
}

// 248. casing: relational queries
export function withInvoices() {
  return db.query.customers.findMany({
    columns: { fullName: true }, //~ certain select customers.full_name
    with: {
      invoices: { columns: { paidAt: true } }, //~ certain select invoiceList.paid_at; certain filter invoiceList.customer_id; certain filter customers.id
    },
  });
}

// 249. casing: placeholders in templates
export function placeholders(name: string) {
  return db.execute(sql`select ${customers.id} from ${customers} where ${customers.fullName} = ${name}`); //~ certain select customers.id; certain filter customers.full_name
}

// 250. casing: text in templates says the names of the database, and folds those without quotes
export function text() {
  return db.execute(sql`select html_url_2, "nickName" from customers where owner_id = 1`); //~ certain select customers.html_url_2; certain select customers.nickName; certain filter customers.owner_id
}

// 251. casing: trap: the key in SQL is no column
export function keyInSql() {
  return db.execute(sql`select count(*) as "fullName" from "invoiceList"`); //~ certain select invoiceList
}
