"""What a build did to a branch, for people and for programs."""

from __future__ import annotations

from sro_render.cli.destination import Delivered
from sro_render.cli.talk import printable


def published_text(delivered: Delivered) -> str:
    """One line for the commit, and one for each thing that went another way; nothing for a folder."""
    published = delivered.published
    if published is None:
        return ""
    where = published.remote
    name, branch = published.commit[:12], published.branch
    lines = [f"{branch}: commit {name}" if published.is_new else f"{branch}: no commit, {name} is up to date"]
    if published.is_pushed:
        lines[0] += f", pushed to {where}"
    if published.is_noted:
        lines.append(f"{branch}: noted on {name} from which commit it was rendered")
    if published.local:
        lines.append(f"{branch}: the branch here stayed as it was: {published.local}")
    return "".join(f"{printable(line)}\n" for line in lines)


def published_mapping(delivered: Delivered) -> dict[str, object]:
    """The same; nothing for a folder."""
    published = delivered.published
    if published is None:
        return {}
    return {
        "git": {
            "branch": published.branch,
            "commit": published.commit,
            "new": published.is_new,
            "remote": published.remote,
            "pushed": published.is_pushed,
            "noted": published.is_noted,
            "localBranch": published.local,
        }
    }
