import { runSql } from "run-sql";
import { db, pool } from "@/db";

// 77. a string that is handed to execute()
export function executed() {
  return db.execute("select email from users where deleted_at is null"); //~ certain select users.email; certain filter users.deleted_at
}

// 78. pool.query() of pg
export function pooled(id: number) {
  return pool.query("select full_name from users where id = $1", [id]); //~ certain select users.full_name; certain filter users.id
}

// 79. pool.query() with an object
export function configured(id: number) {
  return pool.query({
    name: "title_by_id",
    text: "select title from posts where id = $1", //~ certain select posts.title; certain filter posts.id
    values: [id],
  });
}

// 80. a string that is a constant of the file
const FIND = "select note from bookmarks where user_id = $1"; //~ certain select bookmarks.note; certain filter bookmarks.user_id

export function constant(userId: number) {
  return pool.query(FIND, [userId]);
}

// 81. a string in pieces
export function pieces() {
  return pool.query("select full_name " + "from users"); //~ certain select users.full_name
}

// 82. two statements in one text
export function statements() {
  return pool.query("update posts set views = 0; delete from comments where body = ''"); //~ certain update posts.views; certain delete comments; certain filter comments.body
}

// 83. a string with unknown text in it
export function interpolated(order: string) {
  return pool.query(`select full_name from users order by ${order}`); //~ likely select users.full_name
}

// 84. a list that is unknown text
export function unknownList(columns: string) {
  return pool.query(`select ${columns} from users`); //~ possible select users.*
}

// 85. a string for a function of which nothing is known
export function handedOn(id: number) {
  return runSql("select full_name from users where id = $1", [id]); //~ likely select users.full_name; likely filter users.id
}

// 86. a client of which nothing is known
export function client(connection: any, id: number) {
  return connection.query("update users set full_name = null where id = $1", [id]); //~ likely update users.full_name; likely filter users.id
}

// 87. SQL that Postgres' grammar does not take: the names fit
export function foreignPlaceholders(ids: number[]) {
  return runSql("select full_name from users where id in (:ids:, ?)", ids); //~ possible named users.full_name
}

// 88. a string that only lies there
export const REPORT = "select full_name, email from users order by created_at"; //~ likely select users.full_name; likely select users.email; likely filter users.created_at
