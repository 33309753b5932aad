import assert from "node:assert/strict";
import { test } from "node:test";
import { eq, sql } from "drizzle-orm";
import { db, users } from "@/db";

// 205. a test is not deployed
test("users have names", async () => {
  await db.insert(users).values({ email: "a@example.org", password: "-" }); //~ possible insert users.*
  const [user] = await db.select().from(users).where(eq(users.email, "a@example.org")); //~ possible select users.*; possible filter users.email
  await db.execute(sql`delete from users where full_name is null`); //~ possible delete users; possible filter users.full_name
  assert.equal(user?.fullName, null);
});
