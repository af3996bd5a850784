"""Launch templates and their versions."""

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidLaunchTemplateIdNotFound,
    InvalidLaunchTemplateNameNotFoundWithNameError,
    InvalidLaunchTemplateVersionNotFound,
    InvalidParameterCombination,
    MissingParameterError,
)
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateBackend, LaunchTemplateVersion
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

from localcloud.gaps.patching import put_over

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html, "LaunchTemplateName".
_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html, "MaxResults".
_MOST_RESULTS = 200

_SPECIAL_VERSIONS = ("$Latest", "$Default")


def mend() -> None:
    """Mend all gaps of them."""
    _a_template_is_found_by_either_name_or_id()
    _versions_keep_their_numbers()
    _a_template_is_made_as_it_is_shown()
    _a_version_may_begin_as_another_one()
    _versions_can_be_deleted()
    _descriptions_are_complete()


def _a_template_is_found_by_either_name_or_id() -> None:
    """Every call names a template by id or by name; what does not exist is InvalidLaunchTemplate….

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    moto takes a missing one for a missing parameter, or fails itself.
    """

    def modify(
        backend: Any, default_version: str, template_name: str | None = None, template_id: str | None = None
    ) -> LaunchTemplate:
        template = find_template(backend, template_id, template_name)
        template.default_version_number = template.get_version(default_version).number
        return template

    def delete(backend: Any, name: str | None, tid: str | None) -> LaunchTemplate:
        template = find_template(backend, tid, name)
        backend.launch_template_name_to_ids.pop(template.name, None)
        del backend.launch_templates[template.id]
        return template

    put_over(LaunchTemplateBackend, "modify_launch_template", modify)
    put_over(LaunchTemplateBackend, "delete_launch_template", delete)
    put_over(InstanceBackend, "_get_template_from_args", _version_asked_for)


def find_template(backend: Any, number: str | None, name: str | None) -> LaunchTemplate:
    """Return the template with this id or name. Raises `EC2ClientError`."""
    if number and name:
        raise InvalidParameterCombination("Either launch template id or launch template name must be given")
    if not (number or name):
        raise MissingParameterError("launch template ID or launch template name")
    if name and (number := backend.launch_template_name_to_ids.get(name)) is None:
        raise InvalidLaunchTemplateNameNotFoundWithNameError(name)
    found: LaunchTemplate | None = backend.launch_templates.get(number)
    if found is None:
        raise InvalidLaunchTemplateIdNotFound(str(number))
    return found


def _version_asked_for(backend: Any, asked: dict[str, Any]) -> LaunchTemplateVersion:
    """Return the version that a launch names; the default one unless it says which."""
    template = find_template(backend, asked.get("LaunchTemplateId"), asked.get("LaunchTemplateName"))
    return template.get_version(asked.get("Version") or "$Default")


def _versions_keep_their_numbers() -> None:
    """A deleted version's number is not given again, and the others keep theirs.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-launch-template-versions.html
    moto numbers them by their places in a list, in which 0 is the last one. Tags that are given to a template
    later are its own too; moto shows the first ones only.
    """

    def create_version(template: Any, data: dict[str, Any], description: str) -> LaunchTemplateVersion:
        template.last_number = getattr(template, "last_number", 0) + 1
        version = LaunchTemplateVersion(template, template.last_number, data, description)
        template.versions.append(version)
        return version

    def get_version(template: Any, number: Any) -> LaunchTemplateVersion:
        versions: dict[str, LaunchTemplateVersion] = {str(one.number): one for one in template.versions}
        named = {
            "$Latest": str(template.versions[-1].number),
            "$Default": str(template.default_version_number),
        }
        try:
            return versions[named.get(str(number), str(number))]
        except KeyError:
            raise InvalidLaunchTemplateVersionNotFound(str(number), template.id) from None

    put_over(LaunchTemplate, "create_version", create_version)
    put_over(LaunchTemplate, "get_version", get_version)
    put_over(LaunchTemplate, "default_version", lambda template: get_version(template, "$Default"))
    tags = property(lambda template: template.get_tags(), lambda template, tags: None)
    LaunchTemplate.tags = tags  # type: ignore[assignment]


def _a_template_is_made_as_it_is_shown() -> None:
    """A template has a well-formed name and some data; tags of the template itself are no part of the data.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
    moto takes any name and no data, and adds the template's own tags to the data.
    """

    def create(response: LaunchTemplates) -> ActionResult:
        name, data = response._get_param("LaunchTemplateName", ""), _data(response)
        if not _NAME.fullmatch(name):
            raise EC2ClientError(
                "InvalidLaunchTemplateName.MalformedException",
                f"The launch template name '{name}' is malformed: it must be between 3 and 128 characters "
                "long, and may contain letters, numbers and the characters ( ) . - / _",
            )
        tags = response._parse_tag_specification()
        response.error_on_dryrun()
        description = response._get_param("VersionDescription")
        template = response.ec2_backend.create_launch_template(name, description, data, tags)
        return ActionResult({"LaunchTemplate": _shown(response, template)})

    put_over(LaunchTemplates, "create_launch_template", create)


def _data(response: LaunchTemplates) -> dict[str, Any]:
    data: dict[str, Any] = response._get_param("LaunchTemplateData", {})
    if not data:
        raise MissingParameterError("LaunchTemplateData")
    if "UserData" in data:
        data["UserData"] = parse_user_data(data["UserData"])
    return data


def _shown(response: LaunchTemplates, template: LaunchTemplate) -> dict[str, Any]:
    return {
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:{response.partition}:iam::{response.current_account}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.latest_version_number,
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Tags": template.get_tags(),
    }


def _a_version_may_begin_as_another_one() -> None:
    """CreateLaunchTemplateVersion takes what it does not say from its `SourceVersion`; user data is base64.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
    moto takes nothing from it, and keeps user data in a form that no launch understands.
    """

    def create(response: LaunchTemplates) -> ActionResult:
        template, data = _named(response), _data(response)
        if source := response._get_param("SourceVersion"):
            data = template.get_version(source).data | data
        response.error_on_dryrun()
        version = template.create_version(data, response._get_param("VersionDescription"))
        return ActionResult({"LaunchTemplateVersion": _version_shown(response, version)})

    put_over(LaunchTemplates, "create_launch_template_version", create)


def _named(response: LaunchTemplates) -> LaunchTemplate:
    number, name = response._get_param("LaunchTemplateId"), response._get_param("LaunchTemplateName")
    return find_template(response.ec2_backend, number, name)


def _version_shown(response: LaunchTemplates, version: LaunchTemplateVersion) -> dict[str, Any]:
    return {
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:{response.partition}:iam::{response.current_account}:root",
        "DefaultVersion": version.template.is_default(version),
        "LaunchTemplateData": version.data,
        "LaunchTemplateId": version.template.id,
        "LaunchTemplateName": version.template.name,
        "VersionDescription": version.description,
        "VersionNumber": version.number,
    }


def _versions_can_be_deleted() -> None:
    """DeleteLaunchTemplateVersions deletes all but the default one, and says which it could not delete.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
    moto does not know it.
    """

    def delete(response: LaunchTemplates) -> ActionResult:
        template, asked = _named(response), response._get_param("Versions", [])
        response.error_on_dryrun()
        gone, left = [], []
        for number in asked:
            entry = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
            try:
                version = template.get_version(number)
                if template.is_default(version):
                    raise EC2ClientError("unexpectedError", f"Version {number} is the default one.")
            except EC2ClientError as problem:
                code = "launchTemplateVersionDoesNotExist"
                if problem.code == "unexpectedError":
                    code = problem.code
                error = {"Code": code, "Message": problem.message}
                left.append({**entry, "VersionNumber": number, "ResponseError": error})
            else:
                template.versions.remove(version)
                gone.append({**entry, "VersionNumber": version.number})
        return ActionResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": gone,
                "UnsuccessfullyDeletedLaunchTemplateVersions": left,
            }
        )

    LaunchTemplates.delete_launch_template_versions = delete  # type: ignore[attr-defined]


def _descriptions_are_complete() -> None:
    """DescribeLaunchTemplates and …Versions tell of up to 200 at once; an unknown id is an error.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html
    moto tells of 15, and leaves unknown ids out.
    """

    def describe(response: LaunchTemplates) -> ActionResult:
        backend = response.ec2_backend
        numbers, names = (
            response._get_param("LaunchTemplateIds", []),
            response._get_param("LaunchTemplateNames", []),
        )
        response.error_on_dryrun()
        asked = [find_template(backend, number, None).id for number in numbers]
        asked += [find_template(backend, None, name).id for name in names]
        found = backend.describe_launch_templates(
            template_ids=asked, filters=response._filters_from_querystring()
        )
        most = response._get_int_param("MaxResults", _MOST_RESULTS)
        return ActionResult({"LaunchTemplates": [_shown(response, one) for one in found[:most]]})

    def describe_versions(response: LaunchTemplates) -> ActionResult:
        found = response.ec2_backend.describe_launch_template_versions(
            template_name=response._get_param("LaunchTemplateName"),
            template_id=response._get_param("LaunchTemplateId"),
            versions=response._get_param("Versions", []),
            min_version=response._get_int_param("MinVersion"),
            max_version=response._get_int_param("MaxVersion"),
            max_results=response._get_int_param("MaxResults", _MOST_RESULTS),
        )
        response.error_on_dryrun()
        return ActionResult({"LaunchTemplateVersions": [_version_shown(response, one) for _, one in found]})

    put_over(LaunchTemplates, "describe_launch_templates", describe)
    put_over(LaunchTemplates, "describe_launch_template_versions", describe_versions)
