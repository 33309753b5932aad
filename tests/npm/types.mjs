// A JSON Schema on standard input becomes TypeScript types on standard output. `cargo xtask codegen` calls it.

import { text } from "node:stream/consumers";
import { compile } from "json-schema-to-typescript";

const schema = JSON.parse(await text(process.stdin));
const types = await compile(whole(schema), schema.title, {
  bannerComment: `// Made from the JSON Schema of the output by \`cargo xtask codegen\`.`,
  // New fields may appear, but nobody can name them yet.
  additionalProperties: false,
  style: { printWidth: 110 },
});
process.stdout.write(types);

/**
 * The same in a form that the compiler takes as it is meant: what stands beside a `$ref` takes the place of what is referred
 * to, or makes it another type.
 */
function whole(value) {
  if (Array.isArray(value)) return value.map(whole);
  if (value === null || typeof value !== "object") return value;
  const own = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, whole(inner)]));
  const { $ref, ...added } = own;
  const name = $ref?.replace("#/$defs/", "");
  if (!name || schema.$defs[name].type !== "object" || Object.keys(added).length === 0) return own;
  if (!added.properties) return { ...added, allOf: [{ $ref }] };
  const base = whole(schema.$defs[name]);
  const properties = { ...base.properties, ...added.properties };
  return { ...base, ...added, title: name, properties, required: [...base.required, ...added.required] };
}
