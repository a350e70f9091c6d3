"""What each question means, in three lines: what it is, what to choose, where to look. Hyper-parameters have their own table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from wizard.locale import _, language

COLUMN = "dataset.columns"


def about(key: str) -> str:
    """The three lines for the field ``key``, in the language in use."""
    return _texts(language())[key]


@cache
def _texts(_language: str) -> Mapping[str, str]:
    return {
        "dataset.source": _(
            "The file with your questions and answers: JSON, JSON Lines, CSV, Excel, Parquet, or a zip of them.\n"
            "A folder works too; MedQA is taken as it is downloaded. 1,000 rows are the least that teaches a model.\n"
            "Look first: bailian-wizard check FILE. Samples to practise with are in the folder datasets."
        ),
        "dataset.file": _(
            "There are several files here. Those of one kind, such as a chapter each, can be put together as one file.\n"
            "Or take one of them: the one that is called train, or the largest. Another one can validate at the next question.\n"
            "Look into one first: bailian-wizard check FILE."
        ),
        "dataset.header": _(
            "A table's first row is either the names of its columns, or a row of your data like all others.\n"
            "Names aren't trained; a row that is taken for names is lost. It stands above the question.\n"
            "In a script: --set dataset.header=yes or no; for convert and check: --columns header=yes or no."
        ),
        "dataset.set": _(
            "MedQA has question sets from three places; each comes with files to train, validate and test.\n"
            "Take the set whose language your users speak. The files that aren't trained stay for your own tests.\n"
            "About MedQA: https://github.com/jind11/MedQA"
        ),
        "dataset.train": _(
            "The training file is the one that the model learns from.\n"
            "No file here is called train, so choose; keep the test file for judging the result.\n"
            "Look into one first: bailian-wizard check FILE."
        ),
        "dataset.validation": _(
            "While it trains, the model is asked rows that it does not learn from: the validation loss.\n"
            "When that loss rises while the training loss falls, the model learns by heart. A dev file is best.\n"
            "Without one, hold back a tenth. More: https://help.aliyun.com/zh/model-studio/model-training-overview"
        ),
        "dataset.validation_source": _(
            "A file of the same kind as the training file, with other rows.\n"
            "Some hundred rows do. Rows that are in both files make the result look better than it is.\n"
            "Compare the two first: bailian-wizard check TRAIN VALIDATION."
        ),
        COLUMN: _(
            "Each row becomes one conversation, so the wizard must know which column means what.\n"
            "The samples beside each name are the first rows of your file; choose the one that fits.\n"
            "question: what is asked. answer: what the model shall learn to say. options: all in one column; A, B, C …: one column each."
        ),
        "dataset.as_read": _(
            "How the wizard understood your file: what each column means, by what proof, and one row as it will be sent.\n"
            "Choose a line to change it; the row above shows at once what comes of it. Then go on.\n"
            "In scripts the same: --set dataset.columns.question=NAME, dataset.columns.sheet, dataset.header"
        ),
        "dataset.columns.sheet": _(
            "The rows are read from one sheet of the workbook: the first whose columns are understood, unless you choose one.\n"
            "Take the one with your questions. Another one can be trained in another session.\n"
            "In scripts: --set dataset.columns.sheet=NAME"
        ),
        "dataset.ignore": _(
            "Some fields are never left out in silence: marks of good and bad answers, pictures, options that nobody reads.\n"
            "Who knows that the rows are right without them names them here, with commas between the names.\n"
            "In scripts: --set dataset.ignore=NAME,NAME; for convert, check and why: --ignore NAME."
        ),
        "preview.system_prompt": _(
            "The sentence that tells the model its role; it stands before each question, or each chat that has none of its own.\n"
            "Ask the trained model with the very same words later, or it answers worse.\n"
            "More: https://help.aliyun.com/zh/model-studio/model-training-overview"
        ),
        "preview.language": _(
            "What stands around each question with options: before the options, and before the right one's letter.\n"
            "The Chinese words are the earlier toolkit's; English ones may suit questions in English better.\n"
            "Ask the trained model in the same words later. One row as it is sent: bailian-wizard why FILE:LINE."
        ),
        "preview.looks_right": _(
            "With each row of your file stands what is sent: roles (system, user, assistant) and their words.\n"
            "The model learns to write the last part, assistant. Is the right answer there, and nothing cut off?\n"
            "What becomes of one row: bailian-wizard why FILE:LINE."
        ),
        "preview.read": _(
            "What is odd about these rows, each with its code; the rows can be sent all the same.\n"
            "Read it: rows that contradict each other or come twice teach less than they cost.\n"
            "With their lines: bailian-wizard check FILE. What became of one row: bailian-wizard why FILE:LINE."
        ),
        "preview.on_error": _(
            "Some rows can't be sent: a broken line, a missing answer.\n"
            "Stop, to correct them; or leave them out, and they are listed in a file with the reason.\n"
            "All of them with their lines: bailian-wizard check FILE."
        ),
        "preview.unsent": _(
            "The platform takes the words of a conversation only; ids, sources and notes of your rows stay here.\n"
            "Those of the first rows are listed above the question before. Others may turn up thousands of rows later.\n"
            "Ask: the wizard stops and names them. Leave them out: it goes on. Your own file is never changed."
        ),
        "preview.part_size": _(
            "A file that is larger is cut into parts between rows; nothing is lost, and all parts train one model.\n"
            "Leave it as it is, unless uploads break off before their end: smaller parts get through a poor line.\n"
            "300 MB is the most that the platform takes at once; 5 MB is the least that makes sense."
        ),
        "preview.altered": _(
            "A converted file is not as the wizard wrote it. It is kept aside under a name of its own, whatever you choose.\n"
            "To train on what was changed, name that file as your data; else say that it may be left out, by the code that is told.\n"
            "The code stands for these very changes: others are asked about again."
        ),
        "preview.output": _(
            "The converted files are written here, in Bailian's format, one conversation a line.\n"
            "Your own files are never changed; rows of another file, or what you edited here, are not replaced.\n"
            "The format: https://help.aliyun.com/zh/model-studio/model-training-overview"
        ),
        "key.region": _(
            "A key belongs to one region, the one that was chosen in the console when it was made.\n"
            "Beijing is the one where models can be trained for certain; in doubt take it.\n"
            "The region stands at the top of the console: https://bailian.console.aliyun.com"
        ),
        "key.workspace": _(
            "A workspace divides an account, say by team; a key belongs to one.\n"
            "Leave it empty unless the key is not of the default workspace.\n"
            "Its ID stands in the console under workspaces: https://bailian.console.aliyun.com"
        ),
        "key.value": _(
            "The key signs your requests; whoever has it can spend your money. It begins with sk-.\n"
            "Sign in to the console with your Alibaba Cloud account, open API Key, create one and paste it here.\n"
            "It is here: https://bailian.console.aliyun.com/model/settings/api-key (keys that begin with sk-sp- can't train)"
        ),
        "key.tracked": _(
            "A key that came with the folder (from a repository, or from another user) can belong to anybody.\n"
            "Say yes only if you know whose it is and may use it: its owner can read your rows and gets the bill.\n"
            "Your own keys, with their last four characters: https://bailian.console.aliyun.com/model/settings/api-key"
        ),
        "key.save": (
            # There it has the rights of its folder.
            _(
                "Kept in .env, the key need not be typed again; whoever can open this folder can read it there."
            )
            if os.name == "nt"
            else _(
                "Kept in .env, the key need not be typed again; only your user account can read that file."
            )
        )
        + "\n"
        + _(
            "Choose no on a computer that you share: then it lives in memory and is gone when the wizard ends.\n"
            "It can be withdrawn in the console at any time: https://bailian.console.aliyun.com/model/settings/api-key"
        ),
        "training.model": _(
            "The model that your data is added to. A larger one answers better, learns slower and costs more.\n"
            "Begin with the first: what a small one learns from your data tells whether a larger one pays.\n"
            "All with price, source and date: bailian-wizard models"
        ),
        "training.type": _(
            "LoRA trains a small addition and leaves the model as it is: quick, cheap, enough for most data.\n"
            "Full training changes every parameter: for tens of thousands of rows, and its deployment costs by the hour.\n"
            "More: https://help.aliyun.com/zh/model-studio/model-training-overview"
        ),
        "training.adjust": _(
            "An epoch is one pass over all rows: three epochs train, and cost, three times the tokens.\n"
            "The others say how fast and how much is learned. Take the recommended ones for a first training.\n"
            "No asks for each, with its range and meaning. More: https://help.aliyun.com/zh/model-studio/model-training-api-reference"
        ),
        "training.job_name": _(
            "The name under which you find the job in the console and in bailian-wizard jobs.\n"
            "Letters, digits, - _ and . only. It changes nothing in the training.\n"
            "The names there are: bailian-wizard jobs list"
        ),
        "training.budget": _(
            "Training is billed by tokens: rows × tokens × epochs × price. The bill lies between the two ends shown.\n"
            "With a budget, the wizard refuses a plan whose upper end is more; it can't stop a running job.\n"
            "Prices with their date: bailian-wizard models. The bill: https://bailian.console.aliyun.com"
        ),
        "review.change": _(
            "Choose a line to answer its question again; everything else stays.\n"
            "Dependent steps are redone, and the plan is shown again before anything is sent.\n"
            "Lines without a question of their own, such as the cost, follow from the others."
        ),
        "review.despite_permission": _(
            "Which models a workspace may train is set in the console; the platform was asked, and says that this one is not among them.\n"
            "It would most likely refuse the job after the upload. Grant the model first, or choose another one.\n"
            "The grants: https://bailian.console.aliyun.com/settings/workspace. Only the model's name goes on all the same."
        ),
        "review.without_deployment": _(
            "A trained model has to be deployed before it can be called, and its weights can't be downloaded.\n"
            "The price lists have no plan for such a result: train with LoRA, or choose a model that has one.\n"
            "All plans with price and date: bailian-wizard models --json. Only the model's name goes on all the same."
        ),
        "review.practised": _(
            "After this word the data goes to the sandbox, on this computer, and one practised job is created there: nothing is charged.\n"
            "Up to here everything can be changed or left. A job can be stopped later: bailian-wizard jobs cancel ID\n"
            "On the platform the same word starts what costs money, and the plan says how much at most."
        ),
        "review.approval": _(
            "After this word the data is uploaded and one job is created; a job that runs costs money.\n"
            "Up to here everything can be changed or left. A job can be stopped later: bailian-wizard jobs cancel ID\n"
            "(what was trained until then is billed). Practise first without cost: bailian-wizard --sandbox"
        ),
    }
