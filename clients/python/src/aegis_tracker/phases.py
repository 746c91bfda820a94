"""The seven training phases, in the order of a run, and the part of the whole that each stands for.

They are the service's: its tests compare this file with its own list, so that the package can be
installed by itself and the two never differ.
"""

INITIALIZATION = "initialization"
LOADING_DATA = "loading_data"
ENTITY_EXTRACTION_OPTIMIZATION = "entity_extraction_optimization"
RELATION_EXTRACTION_OPTIMIZATION = "relation_extraction_optimization"
PROMPT_EXTRACTION = "prompt_extraction"
MODEL_VALIDATION = "model_validation"
SAVING_RESULTS = "saving_results"

# Where each begins and ends, in percent of the whole run.
PERCENT_RANGES = {
    INITIALIZATION: (0.0, 5.0),
    LOADING_DATA: (5.0, 10.0),
    ENTITY_EXTRACTION_OPTIMIZATION: (10.0, 45.0),
    RELATION_EXTRACTION_OPTIMIZATION: (45.0, 80.0),
    PROMPT_EXTRACTION: (80.0, 85.0),
    MODEL_VALIDATION: (85.0, 95.0),
    SAVING_RESULTS: (95.0, 100.0),
}
PHASES = tuple(PERCENT_RANGES)

# What AegisRAG called some of them before.
EARLIER_NAMES = {
    "initializing": INITIALIZATION,
    "entity_optimization": ENTITY_EXTRACTION_OPTIMIZATION,
    "relation_optimization": RELATION_EXTRACTION_OPTIMIZATION,
    "validation": MODEL_VALIDATION,
    "saving": SAVING_RESULTS,
}
