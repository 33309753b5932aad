import { avg, count, countDistinct, getTableColumns, max, sql } from "drizzle-orm";
import { db, posts, users } from "@/db";

// 113. select() without a list names every declared column
export function everything() {
  return db.select().from(users); //~ certain select users.*
}

// 114. select() and from() on lines of their own: the mark is where select() is
export async function everythingByLines() {
  const rows = await db
    .select() //~ certain select users.*
    .from(users);
  return rows.map((user) => user.fullName);
}

// 115. select() of chosen columns: these and no others
export function chosen() {
  return db
    .select({
      id: users.id, //~ certain select users.id
      name: users.fullName, //~ certain select users.full_name
    })
    .from(users);
}

// 116. a whole table in the list
export function tableInList() {
  return db.select({ user: users }).from(users); //~ certain select users.*
}

// 117. columns in an object of the list
export function nestedList() {
  return db
    .select({
      id: users.id, //~ certain select users.id
      login: { email: users.email, role: users.role }, //~ certain select users.email; certain select users.role
    })
    .from(users);
}

// 118. getTableColumns() without one of them
export function withoutPassword() {
  const { password, ...others } = getTableColumns(users);
  return db.select(others).from(users); //~ certain select users.* - password_hash
}

// 119. getTableColumns() spread beside another column
export function spreadColumns() {
  return db.select({ ...getTableColumns(posts), shouted: sql<string>`upper(title)` }).from(posts); //~ certain select posts.*; certain select posts.title
}

// 120. selectDistinct()
export function distinct() {
  return db.selectDistinct({ role: users.role }).from(users); //~ certain select users.role
}

// 121. selectDistinctOn(): its list decides about rows
export function newestByAuthor() {
  return db
    .selectDistinctOn([posts.authorId], { title: posts.title }) //~ certain filter posts.author_id; certain select posts.title
    .from(posts)
    .orderBy(posts.authorId, posts.createdAt); //~ certain filter posts.author_id; certain filter posts.created_at
}

// 122. $count() names no column of its own
export async function howMany() {
  return await db.$count(users); //~ certain select users
}

// 123. count() of rows names no column either
export function rows() {
  return db.select({ rows: count() }).from(users); //~ certain select users
}

// 124. aggregates of columns
export function figures() {
  return db
    .select({
      authors: countDistinct(posts.authorId), //~ certain select posts.author_id
      best: max(posts.views), //~ certain select posts.views
      usual: avg(posts.views), //~ certain select posts.views
    })
    .from(posts);
}

// 125. a column by its key in brackets
export function brackets() {
  return db.select({ email: users["email"] }).from(users); //~ certain select users.email
}

// 126. columns taken out of the table before
export function destructured() {
  const { email, fullName: name } = users;
  return db.select({ email, name }).from(users); //~ certain select users.email; certain select users.full_name
}

// 127. a table under a second name
export function secondName() {
  const people = users;
  return db.select({ email: people.email }).from(people); //~ certain select users.email
}

// 128. a list that is a constant of the file: used where it says the columns
const card = {
  id: users.id, //~ certain select users.id
  email: users.email, //~ certain select users.email
};

export function cards() {
  return db.select(card).from(users);
}

// 129. one more column than the constant has
export function cardsWithRole() {
  return db.select({ ...card, role: users.role }).from(users); //~ certain select users.role
}
