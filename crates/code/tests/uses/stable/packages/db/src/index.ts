import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import * as schema from "./schema";

export const client = postgres(process.env.BILLING_URL ?? "", { prepare: false });

/** One database for all reloads while developing. */
const kept = globalThis as { billing?: ReturnType<typeof connect> };
const connect = () => drizzle(client, { schema });

export const billingDb = kept.billing ?? connect();
export * from "./schema";
