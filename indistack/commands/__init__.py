"""What a face and a running agent say to each other: commands, settings that change live, the numbered state.

Light, so that a face starts at once: no array library, and nothing of the agent.
"""

from indistack.commands.argument import Argument, arguments_of
from indistack.commands.client import Answer, tell
from indistack.commands.command import (
    COMMANDS,
    AddBranch,
    AlignByBox,
    Command,
    DropBranch,
    Finish,
    MarkComet,
    NewStack,
    Pause,
    Readmit,
    Remove,
    Resume,
    Save,
    Set,
    Undo,
)
from indistack.commands.live import LIVE, LiveSetting
from indistack.commands.messages import as_message, parse, schema, word_of
from indistack.commands.state import State, read_state

__all__ = [
    "COMMANDS", "LIVE", "AddBranch", "AlignByBox", "Answer", "Argument", "Command", "DropBranch", "Finish",
    "LiveSetting", "MarkComet", "NewStack", "Pause", "Readmit", "Remove", "Resume", "Save", "Set", "State", "Undo",
    "arguments_of", "as_message", "parse", "read_state", "schema", "tell", "word_of",
]  # fmt: skip
