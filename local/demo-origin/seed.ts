// Fills an empty newsroom: five authors, three readers, an editor, sixty articles. Nothing here
// is random.
import type { DatabaseSync } from "node:sqlite";
import {
  newestAtMs,
  seedArticles,
  seedAuthors,
} from "../../examples/news-worker/stories/seed-articles.ts";

// scrypt with Node's own cost parameters, of the password "reader", salted with "skerrow-" + name.
const readers = [
  {
    name: "ada",
    greetingName: "Ada",
    hash: "d69562be3a04fdc2e64bdde184fd7ac1874c0b115fa7a7e3ba29b9bfcf43bdfe",
    follows: ["harbour", "science"],
  },
  {
    name: "bao",
    greetingName: "Bảo",
    hash: "a93b6e81506aa4d18e437451c9831ffe72f8821d443bc58156d3c353bbaaa820",
    follows: ["culture"],
  },
  {
    name: "chiara",
    greetingName: "Chiara",
    hash: "1b487a9f2563fbdd4222b1fbfcb4096ea1d9488b2daaebaf732247c2f3d7da0c",
    follows: [],
  },
] as const;

// Of the password "editor", by the same rule.
const editor = {
  name: "edit",
  hash: "c2ecadeef2a9c181ca0d850a25f61e930c8f517b0d7a47008647f38a7f902011",
};

export function seed(database: DatabaseSync): void {
  const addAuthor = database.prepare("INSERT INTO authors (id, name, beat) VALUES (?, ?, ?)");
  for (const { id, name, beat } of seedAuthors()) addAuthor.run(id, name, beat);
  seedReaders(database);
  database
    .prepare("INSERT INTO editors (name, password_salt, password_hash) VALUES (?, ?, ?)")
    .run(editor.name, `skerrow-${editor.name}`, editor.hash);
  addArticles(database);
  database
    .prepare("INSERT INTO breaking (text, said_at_ms) VALUES (?, ?)")
    .run("The 17:40 boat is held at Port Ansel for fog; the 18:20 takes all tickets.", newestAtMs);
}

function seedReaders(database: DatabaseSync): void {
  const addUser = database.prepare(
    "INSERT INTO users (name, greeting_name, password_salt, password_hash) VALUES (?, ?, ?, ?)",
  );
  const addFollow = database.prepare("INSERT INTO follows (user_name, section) VALUES (?, ?)");
  for (const { name, greetingName, hash, follows } of readers) {
    addUser.run(name, greetingName, `skerrow-${name}`, hash);
    for (const section of follows) addFollow.run(name, section);
  }
}

function addArticles(database: DatabaseSync): void {
  const add = database.prepare(`INSERT INTO articles (slug, title, lede, body, section, author_id,
    version, published_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)`);
  for (const { slug, title, lede, body, section, authorId, publishedAtMs } of seedArticles()) {
    add.run(slug, title, lede, body, section, authorId, publishedAtMs, publishedAtMs);
  }
}
