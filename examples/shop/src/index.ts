import { desc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { orderItems, orders, orderTotals, products, users } from "./schema.ts";

const db = drizzle(process.env.DATABASE_URL ?? "postgres://shop@localhost:5432/shop");

/** The products on offer, the newest first. */
export function listProducts(limit = 20) {
  return db.select().from(products).orderBy(desc(products.createdAt)).limit(limit);
}

/** Registers a customer; one who is known already gets the new name. */
export async function register(email: string, name: string) {
  const [user] = await db
    .insert(users)
    .values({ email, name })
    .onConflictDoUpdate({ target: users.email, set: { name } })
    .returning();
  return user;
}

/** Places an order of one product. */
export function placeOrder(userId: number, productId: number, shippingAddress: string) {
  return db.transaction(async (tx) => {
    const [product] = await tx.select().from(products).where(eq(products.id, productId));
    if (!product) throw new Error(`there is no product ${productId}`);
    const [order] = await tx.insert(orders).values({ userId, shippingAddress, currency: "EUR" }).returning();
    await tx.insert(orderItems).values({ orderId: order.id, productId, unitPriceCents: product.priceCents });
    return order;
  });
}

/** The orders of a customer, with what each comes to. */
export function ordersOf(userId: number) {
  return db
    .select({ id: orders.id, status: orders.status, totalCents: orderTotals.totalCents })
    .from(orders)
    .innerJoin(orderTotals, eq(orderTotals.orderId, orders.id))
    .where(eq(orders.userId, userId));
}

await migrate(db, { migrationsFolder: "./drizzle" });
console.log(await listProducts());
await db.$client.end();
