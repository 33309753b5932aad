const { gt } = require("drizzle-orm");
const { db, posts } = require("../db");

// 209. require()
exports.titles = (views) => db.select({ title: posts.title }).from(posts).where(gt(posts.views, views)); //~ certain select posts.title; certain filter posts.views
