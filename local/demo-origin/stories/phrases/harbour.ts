// What stories of the harbour section may go on to say.
import type { Phrases } from "../story.ts";

export const harbourPhrases: Phrases = {
  paragraphs: [
    "From the wall you can see what has changed. Where the swell used to run straight up to the " +
      "fuel berth, the water now lies flat enough to read the names of the boats in it. " +
      "{person}, {role}, has walked out to {place} every morning this year with a notebook, and " +
      "the notebook says the same: fewer parted ropes, fewer bent stanchions, fewer early calls.",
    "The number that everyone quotes is {figure}. It has been painted on a board beside {place}, " +
      "it has been the answer to a question in the pub quiz, and it is, {surname} admits, correct " +
      "only on the day it was measured. “The sea rounds everything,” as the old pilots say here, " +
      "“and never in your favour.”",
    "Work began before light, since the tide asks nobody’s convenience. Lamps were set on the " +
      "quay, a kettle was set on the lamps, and by the time the first ferry came round the head " +
      "{group} had finished what was planned for the morning. The crew of the ferry sounded the " +
      "horn twice, which is not in the regulations and is done whenever something goes well.",
    "For the fleet it is a matter of days at sea. A boat that can lie safely can leave early, and " +
      "a boat that leaves early gets a place at the market in Port Ansel. Skippers put the gain " +
      "at nine or ten days in a winter. That is a gearbox, or a daughter’s first year at college, " +
      "or simply a debt that stops growing.",
    "Anyone who grew up on Capstan Row has a memory of {place}: a first fish, a first kiss, a " +
      "winter when the spray froze on the railings like glass. {person} learned to swim there, " +
      "“by being pushed”, and has worked within sight of it for most of the years since. That, " +
      "{surname} thinks, is why people mind so much about {thing}.",
    "The insurers sent a young man with a measuring wheel, who stayed for two tides and left with " +
      "wet shoes and a good opinion. His report recommends two more ladders, a better light at " +
      "the corner, and no further action. {group} has ordered the ladders. The light will need a " +
      "cable, and the cable will need a trench, and the trench will need a meeting.",
    "There were setbacks. In the second summer a delivery went to another island of almost the " +
      "same name, four hundred miles to the south, where it was received with interest and signed " +
      "for. It took seven weeks to come back. {surname} tells the story well by now, and keeps a " +
      "postcard from the other harbour master above the desk.",
    "What the sea will make of it remains to be seen. Sand moves; it always has. The survey in " +
      "spring will show whether the channel keeps its depth or has to be dredged a year sooner. " +
      "Until then the buoys stay where they are, and masters of vessels drawing more than three " +
      "metres are asked to keep to the green side and to call on channel twelve.",
    "On the quay the talk is practical. Who gets which berth; whether the crane will be fixed; " +
      "why the price of rope follows the price of nothing else. {thing} comes up between the " +
      "other subjects, like weather. “We asked for it for twenty years,” said one skipper, " +
      "without looking up from a net. “Now we need something else to ask for.”",
  ],
  quotes: [
    "You don’t win against the sea. You agree on terms, and then you check them every morning.",
    "I was told it would take a year. It took three, and I would not give back a day of them.",
    "If the gulls approve, and they do, then I don’t see what the rest of us have to add.",
    "It is only a harbour. But it is the door of the house, and one likes a door that shuts.",
    "We kept every receipt. My grandmother would have risen from her grave otherwise.",
  ],
  headings: [
    "On the quay",
    "What it cost",
    "The next tide",
    "Older than it looks",
    "A matter of days",
  ],
};
