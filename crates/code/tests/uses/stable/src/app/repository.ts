import { eq } from "drizzle-orm";
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core";
import { type Database, comments, posts, users } from "../db";

// 194. a database that a class is given
export class UserRepository {
  constructor(private readonly db: Database) {}

  byEmail(email: string) {
    return this.db.query.users.findFirst({ //~ certain select users.*
      where: eq(users.email, email), //~ certain filter users.email
    });
  }

  async create(email: string) {
    const [user] = await this.db
      .insert(users) //~ certain insert users.*
      .values({ email, password: "-" })
      .returning({ id: users.id }); //~ certain returning users.id
    return user;
  }
}

// 195. a field with the type of a database
export class PostRepository {
  db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  titles() {
    return this.db.query.posts.findMany({ columns: { title: true } }); //~ certain select posts.title
  }
}

abstract class Repository {
  constructor(
    protected readonly db: Database,
    protected readonly table: PgTable & { id: AnyPgColumn },
  ) {}

  remove(id: number) {
    return this.db.delete(this.table).where(eq(this.table.id, id));
  }
}

// 196. a table that a class hands to its base
export class CommentRepository extends Repository {
  constructor(db: Database) {
    super(db, comments); //~ likely named comments.*
  }
}
