// `npm run seed`: prints the statements of the seed as one SQL file, for `wrangler d1 execute`.
import { seedStatements } from "./seed.ts";

process.stdout.write((await seedStatements()).map((statement) => `${statement};\n`).join(""));
