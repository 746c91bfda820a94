"""The names of the seven training phases, in the order of a run.

They are the service's names: its tests compare this file with its own list, so that the package can
be installed by itself and the two never differ.
"""

INITIALIZATION = "initialization"
LOADING_DATA = "loading_data"
ENTITY_EXTRACTION_OPTIMIZATION = "entity_extraction_optimization"
RELATION_EXTRACTION_OPTIMIZATION = "relation_extraction_optimization"
PROMPT_EXTRACTION = "prompt_extraction"
MODEL_VALIDATION = "model_validation"
SAVING_RESULTS = "saving_results"

PHASES = (
    INITIALIZATION,
    LOADING_DATA,
    ENTITY_EXTRACTION_OPTIMIZATION,
    RELATION_EXTRACTION_OPTIMIZATION,
    PROMPT_EXTRACTION,
    MODEL_VALIDATION,
    SAVING_RESULTS,
)
