// A JSON Schema on standard input becomes TypeScript types on standard output. `cargo xtask codegen` calls it.

import { text } from "node:stream/consumers";
import { compile } from "json-schema-to-typescript";

const schema = JSON.parse(await text(process.stdin));
const types = await compile(schema, schema.title, {
  bannerComment: `// Made from the JSON Schema of the output by \`cargo xtask codegen\`.`,
  // New fields may appear, but nobody can name them yet.
  additionalProperties: false,
  style: { printWidth: 110 },
});
process.stdout.write(types);
