// Includes the Server Action in the build. Clients call it by its id.
import { purge } from "./action.js";

export default function Page() {
  return <form action={purge} />;
}
