/** What every program of a client is told, and what it tells in the end. */

const [name] = process.argv.slice(2);
if (!name) throw new Error("The name of the domain to be created is missing.");

export const domain = name;
export const baseUrl = process.env.AEGIS_URL ?? "";
export const token = process.env.AEGIS_TOKEN ?? "";
export const id = crypto.randomUUID();

export const config = { teacher: { temperature: 0.7 }, seeds: [1, 2], note: null };
export const metrics = { entity_f1: 0.71, trials: 3, best: null, tuned: true, model: "qwen3:32b" };
export const result = { prompts: { entity: "Find the entities." }, scores: [0.87, null] };

/** Prints the one object that the test compares. */
export function tell(seen: Record<string, unknown>): void {
  console.log(JSON.stringify(seen));
}
