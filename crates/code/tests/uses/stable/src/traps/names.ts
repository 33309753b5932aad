import { contacts, db, teams } from "@/db";

// 217. trap: a key that another table has with another name
export function contactNames() {
  return db.select({ fullName: contacts.fullName }).from(contacts); //~ certain select contacts.display_name
}

// 218. trap: a column with the key of a table
export function sizes() {
  return db.query.teams.findMany({ columns: { users: true } }); //~ certain select teams.users
}

// 219. trap: keys of objects and of forms
export const form = {
  users: { email: "", fullName: "", password: "" },
  columns: { email: true, full_name: true },
  with: { posts: true },
};

// 220. trap: names in texts
export const LABELS = ["full_name", "email", "users.email", "select a user from the users"];

export function title(key: string) {
  switch (key) {
    case "full_name":
      return "Full name";
    case "password_hash":
      return "Password";
    default:
      return `users.${key}`;
  }
}

// 221. trap: a type with the same keys
export interface User {
  id: number;
  email: string;
  fullName: string | null;
}

export const initials = (user: User) => user.fullName?.[0] ?? user.email[0];
