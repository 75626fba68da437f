// The statements that create and fill the database: tables, sixty articles, two readers and the
// settings.
import { readFileSync } from "node:fs";
import { passwordHash } from "../src/password-hash.ts";
import { seedArticles, seedAuthors, sections } from "../stories/seed-articles.ts";

const readers = [
  { name: "ada", greeting: "Good morning, Ada", follows: ["harbour", "science"] },
  { name: "bao", greeting: "Chào Bảo", follows: ["culture"] },
];

/** The password of every seeded reader. */
export const readerPassword = "reader";

export async function seedStatements(): Promise<string[]> {
  const schema = readFileSync(new URL("../schema.sql", import.meta.url), "utf8");
  const tables = schema.split(";\n").filter((statement) => statement.trim() !== "");
  return [
    ...tables,
    ...seedAuthors().map(({ id, name }) => insert("authors", { id, name })),
    ...sections.map((id) => insert("sections", { id, title: capital(id) })),
    ...seedArticles().map(({ authorId, publishedAtMs, ...article }) =>
      insert("articles", { ...article, author: authorId, published_at_ms: publishedAtMs }),
    ),
    insert("breaking", { said_at_ms: 1, text: "The 17:40 boat is held at Port Ansel for fog." }),
    insert("settings", { name: "name", value: "The Skerrow Post" }),
    insert("settings", { name: "motto", value: "News of an island, daily" }),
    ...(await Promise.all(readers.map(readerStatement))),
  ];
}

async function readerStatement({ name, greeting, follows }: (typeof readers)[number]) {
  const salt = `skerrow-${name}`;
  return insert("readers", {
    name,
    greeting,
    follows: JSON.stringify(follows),
    password_salt: salt,
    password_hash: await passwordHash(readerPassword, salt),
  });
}

function insert(table: string, row: Readonly<Record<string, string | number>>): string {
  const values = Object.values(row).map((value) =>
    typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`,
  );
  return `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${values.join(", ")})`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
