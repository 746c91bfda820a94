/**
 * Types of the API, generated from openapi.yaml by `npm run check`. Types only, no code.
 *
 * @typedef {import("#schema").components["schemas"]["TrainingStatus"]} Status
 * @typedef {import("#schema").components["schemas"]["TrainingRun"]} Run
 * @typedef {import("#schema").components["schemas"]["TrainingRunPage"]} RunPage
 * @typedef {import("#schema").components["schemas"]["TrainingLogPage"]} LogPage
 * @typedef {import("#schema").components["schemas"]["TrainingLogEntry"]} LogEntry
 * @typedef {import("#schema").components["schemas"]["TrainingEvent"]} TrainingEvent
 * @typedef {import("#schema").components["schemas"]["LogLevel"]} LogLevel
 * @typedef {import("#schema").components["schemas"]["Domain"]} Domain
 * @typedef {import("#schema").components["schemas"]["PhaseTime"]} PhaseTime
 * @typedef {import("#schema").components["schemas"]["MetricCurves"]} Curves
 * @typedef {import("#schema").components["schemas"]["TrainingComparison"]} Comparison
 * @typedef {import("#schema").components["schemas"]["Problem"]} Problem
 * @typedef {import("#schema").components["schemas"]["EvaluationScores"]} EvaluationScores
 * @typedef {import("#schema").components["schemas"]["Evaluation"]} Evaluation
 * @typedef {import("#schema").components["schemas"]["EvaluationPage"]} EvaluationPage
 * @typedef {import("#schema").components["schemas"]["Candidate"]} Candidate
 * @typedef {import("#schema").components["schemas"]["CandidatePage"]} CandidatePage
 * @typedef {import("#schema").components["schemas"]["CandidatePrompts"]} CandidatePrompts
 * @typedef {import("#schema").components["schemas"]["ComparedPrompts"]} ComparedPrompts
 * @typedef {import("#schema").components["schemas"]["RunUsage"]} RunUsage
 * @typedef {import("#schema").components["schemas"]["UsageTotals"]} UsageTotals
 * @typedef {import("#schema").components["schemas"]["Lineage"]} Lineage
 * @typedef {import("#schema").components["schemas"]["ExampleScores"]} ExampleScores
 * @typedef {import("#schema").components["schemas"]["OneExample"]} OneExample
 * @typedef {Extract<TrainingEvent, { event_type: "candidate" | "evaluation" }>} Finding
 * @typedef {Status["metrics"]} Metrics
 * @typedef {Status["higher_is_better"]} HigherIsBetter
 */

export {};
