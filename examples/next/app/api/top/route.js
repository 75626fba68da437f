import { connection } from "next/server";
import { top } from "../../stories";

export async function GET() {
  await connection();
  return Response.json(await top());
}
