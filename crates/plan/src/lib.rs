//! Recipes: a dangerous change as expand, backfill and contract steps, each of which old and new versions
//! of the app live with, and the way back of any change.
//!
//! Values go in and come out: a judged set with its findings, and a plan with the SQL of its files. Nothing here
//! reads or writes a file, and nothing here knows what a statement locks: crate `facts` is asked.
