"""The 80 tasks of Flan 2022's Muffin, and how many training examples the release's table gives each of them.

Names are the table's, after `flan2021_`, `dialog_` or `program_synthesis_`; `?` where it gives no number. Its numbers
are rounded down to whole rounds of ten templates.
"""

from flan_jax.declare.known_counts import add_known_counts
from flan_jax.tasks.flan2022 import tfds_tasks  # noqa: F401  registers some of them
from flan_jax.tasks.flan2022.unreleased import UNRELEASED

_TABLE = """
dialog_qrecc 10170
dialog_task_master ?
dialog_wiki_dialog 11264000
flan2021_aeslc 14430
flan2021_ag_news_subset 119800
flan2021_anli_r1 16940
flan2021_anli_r2 45460
flan2021_anli_r3 100450
flan2021_arc_challenge 910
flan2021_arc_easy 2040
flan2021_bool_q 9220
flan2021_cb 200
flan2021_cnn_dailymail 287040
flan2021_cola 8350
flan2021_common_gen 67180
flan2021_copa 350
flan2021_coqa 7090
flan2021_cosmos_qa 25060
flan2021_dart 62450
flan2021_definite_pronoun_resolution 1120
flan2021_drop 77200
flan2021_e2e_nlg 33320
flan2021_fix_punct 28070
flan2021_gigaword 2044370
flan2021_glue_mrpc 3460
flan2021_glue_qqp 363640
flan2021_hellaswag 39700
flan2021_imdb_reviews 24800
flan2021_lambada 4860
flan2021_math_dataset 1999780
flan2021_mnli_matched 392500
flan2021_mnli_mismatched 392500
flan2021_multi_news 44960
flan2021_multirc 27040
flan2021_natural_questions 87720
flan2021_newsroom 994560
flan2021_openbookqa 4950
flan2021_opinion_abstracts_idebate 1650
flan2021_opinion_abstracts_rotten_tomatoes 3130
flan2021_para_crawl_enes 30000
flan2021_paws_wiki 49400
flan2021_piqa 16010
flan2021_qnli 104540
flan2021_quac 83360
flan2021_record 100520
flan2021_rte 2290
flan2021_samsum 14730
flan2021_sentiment140 1599800
flan2021_snli 549360
flan2021_squad_v1 87390
flan2021_squad_v2 130110
flan2021_sst2 67140
flan2021_story_cloze 1670
flan2021_stsb 5640
flan2021_trec 5250
flan2021_trivia_qa 87420
flan2021_trivia_qa_wiki_missing ?
flan2021_true_case 29260
flan2021_unified_qa_science_inst 590
flan2021_web_nlg_en 35220
flan2021_wic 5220
flan2021_wiki_lingua_english_en 99000
flan2021_winogrande 40190
flan2021_wmt14_enfr 40835840
flan2021_wmt16_translate_csen 52335360
flan2021_wmt16_translate_deen 4548800
flan2021_wmt16_translate_fien 2073360
flan2021_wmt16_translate_roen 610320
flan2021_wmt16_translate_ruen 2516160
flan2021_wmt16_translate_tren 205750
flan2021_wnli 600
flan2021_word_segment 30000
flan2021_wsc 500
flan2021_xsum 203560
flan2021_yelp_polarity_reviews 559800
program_synthesis_dmcc_python ?
program_synthesis_dr_repair_error_comments ?
program_synthesis_dr_repair_line_numbers ?
program_synthesis_dr_repair_no_errors ?
program_synthesis_dr_repair_plain_code ?
"""

__all__ = ["MUFFIN", "RELEASED_DIALOGS", "RELEASED_FLAN2021", "known_counts"]

_ROWS = dict(line.split() for line in _TABLE.strip().splitlines())
MUFFIN = tuple(_ROWS)
RELEASED_FLAN2021 = tuple(task for task in MUFFIN if task.startswith("flan2021_") and task not in UNRELEASED)
RELEASED_DIALOGS = tuple(task for task in MUFFIN if task.startswith("dialog_") and task not in UNRELEASED)


def known_counts() -> dict[str, int]:
    """Task -> training examples, where the table says; a dialogue turned around has as many."""
    counts = {task: int(count) for task, count in _ROWS.items() if count != "?"}
    return counts | {f"{task}_inverted": counts[task] for task in RELEASED_DIALOGS}


add_known_counts(known_counts)
