import TestSupport
import Testing

/// The official Python client, the second program many people talk to such servers with.
@Suite(
    .timeLimit(.minutes(15)),
    .enabled(if: PythonCompanion.kubernetes != nil, "the Python package kubernetes is not installed"))
struct PythonClientTests {
    @Test("Records are created, listed, watched, patched, applied and removed as with a cluster of Kubernetes")
    func client() async throws {
        let python = try #require(PythonCompanion.kubernetes)
        try await ControllerFixture.run { fixture, _ in
            let script = fixture.file("client.py")
            try writeTextFile(script, Self.script)
            let output = try await ChildProcess.run(
                python, [script], environment: ["PATH": "/usr/bin:/bin", "KUBECONFIG": fixture.data + "/kubeconfig"],
                timeout: .seconds(300))
            #expect(output.status == 0 && output.output.hasSuffix("all passed\n"), "\(output.output)\(output.errors)")
        }
    }

    private static let script = """
        import threading, time
        from kubernetes import client, config, watch, dynamic
        from kubernetes.client.rest import ApiException

        config.load_kube_config()
        G, V, N, P = "lodestone.dev", "v1alpha1", "default", "etcdclusters"
        api, core = client.CustomObjectsApi(), client.CoreV1Api()

        def cluster(name, **spec):
            return {"apiVersion": G + "/" + V, "kind": "EtcdCluster", "metadata": {"name": name, "labels": {"n": name}},
                    "spec": {"provider": "Imported", "endpoints": ["http://127.0.0.1:9"], **spec}}

        def fails(status, call, *args, **named):
            try:
                call(*args, **named)
            except ApiException as error:
                assert error.status == status, (status, error)
                return error
            raise AssertionError("no error of status %d" % status)

        assert "lodestone" in client.VersionApi().get_code().git_version
        assert any(g.name == G for g in client.ApisApi().get_api_versions().groups)
        api.create_namespaced_custom_object(G, V, N, P, cluster("trial"), dry_run="All", field_manager="py")
        fails(404, api.get_namespaced_custom_object, G, V, N, P, "trial")
        made = api.create_namespaced_custom_object(G, V, N, P, cluster("a"), field_validation="Strict")
        assert made["metadata"]["uid"] and made["metadata"]["generation"] == 1
        fails(409, api.create_namespaced_custom_object, G, V, N, P, cluster("a"))
        fails(400, api.create_namespaced_custom_object, G, V, N, P, cluster("x", nonsense=1), field_validation="Strict")
        api.create_namespaced_custom_object(G, V, N, P, cluster("b"))
        first = api.list_namespaced_custom_object(G, V, N, P, limit=1)
        assert len(first["items"]) == 1 and first["metadata"]["continue"]
        rest = api.list_namespaced_custom_object(G, V, N, P, _continue=first["metadata"]["continue"])
        assert [i["metadata"]["name"] for i in first["items"] + rest["items"]] == ["a", "b"]
        assert len(api.list_namespaced_custom_object(G, V, N, P, label_selector="n in (b,c)")["items"]) == 1
        assert len(api.list_cluster_custom_object(G, V, P)["items"]) == 2
        changed = api.patch_namespaced_custom_object(G, V, N, P, "a", {"spec": {"paused": True}})
        assert changed["spec"]["paused"] and changed["metadata"]["generation"] == 2
        stale = dict(made); stale["spec"] = {**made["spec"], "paused": False}
        fails(409, api.replace_namespaced_custom_object, G, V, N, P, "a", stale)
        status = api.patch_namespaced_custom_object_status(G, V, N, P, "a", {"status": {"leader": "m"}})
        assert status["metadata"]["generation"] == 2
        assert api.get_namespaced_custom_object_status(G, V, N, P, "a")["status"] is not None
        assert api.get_namespaced_custom_object_scale(G, V, N, P, "a")["kind"] == "Scale"

        seen = []
        def follow():
            for event in watch.Watch().stream(api.list_namespaced_custom_object, G, V, N, P, timeout_seconds=20,
                                              allow_watch_bookmarks=True):
                seen.append((event["type"], event["object"]["metadata"].get("name")))
                if event["type"] == "DELETED":
                    return
        thread = threading.Thread(target=follow); thread.start()
        while ("ADDED", "b") not in seen: time.sleep(0.02)
        api.patch_namespaced_custom_object(G, V, N, P, "b", {"metadata": {"labels": {"x": "y"}}})
        api.delete_namespaced_custom_object(G, V, N, P, "b")
        thread.join()
        assert ("MODIFIED", "b") in seen and seen[-1] == ("DELETED", "b"), seen
        error = None
        try:
            for event in watch.Watch().stream(api.list_namespaced_custom_object, G, V, N, P, resource_version="999999999",
                                              timeout_seconds=5):
                pass
        except ApiException as problem:
            error = problem
        assert error is None or error.status in (410, 504, 400), error

        core.create_namespace({"metadata": {"name": "team"}})
        core.create_namespaced_secret("team", client.V1Secret(metadata={"name": "s"}, string_data={"k": "v"}))
        assert core.read_namespaced_secret("s", "team").data == {"k": "dg=="}
        assert core.list_namespace().items and core.list_namespaced_event(N) is not None
        review = client.AuthorizationV1Api().create_self_subject_access_review(
            {"spec": {"resourceAttributes": {"verb": "delete", "group": G, "resource": P, "namespace": N}}})
        assert review.status.allowed
        assert client.AuthenticationV1Api().create_self_subject_review({}).status.user_info.username == "admin"

        kinds = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version=G + "/" + V, kind="EtcdCluster")
        kinds.server_side_apply(body=cluster("c", paused=True), name="c", namespace=N, field_manager="py")
        error = fails(409, kinds.server_side_apply, body=cluster("c", paused=False), name="c", namespace=N,
                      field_manager="other")
        kinds.server_side_apply(body=cluster("c", paused=False), name="c", namespace=N, field_manager="other",
                                force_conflicts=True)
        assert kinds.get(name="c", namespace=N).spec.paused is False
        api.delete_collection_namespaced_custom_object(G, V, N, P, label_selector="n=c")
        fails(404, api.get_namespaced_custom_object, G, V, N, P, "c")
        core.delete_namespace("team")
        print("all passed")

        """
}
