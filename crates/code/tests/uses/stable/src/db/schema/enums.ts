import { pgEnum } from "drizzle-orm/pg-core";
import { STATUSES } from "./names";

export const role = pgEnum("role", ["member", "admin"]);
export const orderStatus = pgEnum("order_status", STATUSES);
