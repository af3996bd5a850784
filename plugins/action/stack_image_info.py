"""The module `stack_image_info` in Ansible's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.fleet.change import Refused, newest_image
from ansible.module_utils.images.builder import at_work, builders_of, maker
from ansible.module_utils.images.content import content_hash, image_hash
from ansible.module_utils.images.stock import images_of, the_wanted_one
from ansible.module_utils.process.failure import Failure

preload("ec2")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not look at the stack's images"

    def ask(self) -> dict[str, Any]:
        """Look which image is wanted, and whether it is there."""
        ec2, stack = self.client("ec2"), self.params["stack"]
        try:
            newest = newest_image(ec2, self.params["base_owner"], self.params["base_name"], self.region)
        except Refused as problem:
            raise Failure(str(problem)) from problem
        content = self._content()
        images = images_of(ec2, stack)
        found = the_wanted_one(images, content, newest if self.params["newest"] else "")
        base = newest if found is None else found.base
        wanted = image_hash(content, base)
        mark = maker(self.params["folder"])
        builders = builders_of(ec2, stack)
        return {
            "id": "" if found is None else found.id,
            "name": f"jobfleet-{stack}-{wanted}",
            "hash": wanted,
            "content": content,
            "base": base,
            "newest_base": newest,
            "left_builders": [one["InstanceId"] for one in builders if not at_work(one, mark)],
            "others_builders": [one["InstanceId"] for one in builders if at_work(one, mark)],
        }

    def _content(self) -> str:
        root = Path(self.params["project"])
        sources = [root / one for one in self.params["sources"]]
        try:
            return content_hash(self.params["content"], sources, root, self._read)
        except OSError as problem:
            raise Failure(f"What the image is made of cannot be read: {problem}") from problem

    def _read(self, source: str) -> bytes:
        """Return the bytes of a file on the controller, found as that of a copy is."""
        return Path(self._loader.get_real_file(self._find_needle("files", source))).read_bytes()
