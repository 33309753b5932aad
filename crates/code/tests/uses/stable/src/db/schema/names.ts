export const TABLES = { orders: "orders", lines: "order_lines" } as const;
export const OWNER = "user_id";
export const STATUSES = ["open", "paid", "shipped"] as const;
