"""The few words the stand-in knows by itself. Demonstrations and instructions teach it others."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS = _words(
    """a an the this that these those it it's its his her their most some many nearly all several no not
    early late of in on at to for from by with without against after before during within when if while
    until and or but nor is are was were be been being can could may might must should will would has
    have had do often usually quickly slowly always sometimes rarely commonly first first-line day days
    felt given ignored adults children infants patients people cases spring intensive care clinic nurse"""
)
"""Words that never belong to an entity and so end a phrase."""

VERBS = _words(
    """treat treats treated relieve relieves relieved control controls controlled cure cures cured use
    used uses prescribed respond responds cause causes caused lead leads trigger triggers induce
    induces result results prevent prevents prevented protect protects reduce reduces risk confirm
    confirms confirmed detect detects detected diagnose diagnoses diagnosed reveal reveals
    contraindicate contraindicates contraindicated avoid avoided present presents characterized sign
    symptom therapy recorded moved"""
)
"""Words that say what happens; they end a phrase too."""

MEDICAL_ENDINGS = (
    *sorted(
        _words(
            """itis osis emia oma pathy ension uria ine cin pril lol statin cillin oxin rin min lin ism ia
            mide zole idone asthma diabetes cancer disease infection stroke"""
        )
    ),
)
"""A word that ends like this looks medical to a reader who was told nothing."""

HEADS_BY_KIND = {
    "diseases": _words(
        """failure deficiency disorder depression sclerosis apnea injury ulcers syndrome embolism
        fibrillation infarction influenza measles malaria gout scurvy rickets tetanus epilepsy migraine
        obesity allergy gallstones caries defects pregnancy thrombosis overdose bleeding"""
    ),
    "symptoms": _words(
        """pain fever fatigue rash tremor stiffness droop weakness vision skin sweats gain chills headache
        seizures jaundice wheezing loss edema inflammation bronchospasm"""
    ),
    "treatments": _words(
        """insulin aspirin vaccine vaccines acid sulfate vitamin therapy surgery cream exercise heparin
        warfarin metformin ibuprofen paracetamol salbutamol calcium sunscreen toxoid statins"""
    ),
    "tests": _words(
        """biopsy culture scan x-ray imaging tomography ultrasound test puncture spirometry colonoscopy
        mammography electrocardiography echocardiography polysomnography pressure"""
    ),
    "causes": _words("smoking alcohol pollen air immobility papillomavirus pylori tuberculosis falciparum"),
}
"""Last words of phrases by kind, known only to a reader whom a prompt has asked for the kind."""
