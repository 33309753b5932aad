import { getTableName } from "drizzle-orm";
import { users } from "@/db";

// 211. trap: from(), delete() and values() of collections
export function collections(ids: number[]) {
  const seen = new Set<unknown>(Array.from(ids));
  seen.delete(users);
  const byEmail = new Map([["email", 1]]);
  byEmail.delete("email");
  return [...byEmail.values(), ...Object.values({ full_name: 1 })];
}

// 212. trap: objects with methods of the same names
const picker = {
  items: [] as string[],
  select() {
    return this;
  },
  from(list: string[]) {
    this.items = list;
    return this;
  },
  insert(item: string) {
    this.items.push(item);
    return { values: (more: object) => Object.keys(more) };
  },
};

export function pick() {
  picker.insert("users").values({ email: "", fullName: "" });
  return picker.select().from(["users", "full_name"]);
}

// 213. trap: the name of a table, and no query
export const NAME = getTableName(users);
