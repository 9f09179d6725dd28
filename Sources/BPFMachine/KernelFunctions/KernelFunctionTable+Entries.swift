extension KernelFunctionTable {
  private typealias Row = KernelFunctionRow
  private static let both: HelperRow.Programs = [.xdp, .classifier]

  private static func full(
    _ name: String, _ since: String, _ function: KernelFunction, _ programs: HelperRow.Programs = both,
    _ flags: Row.Flags = []
  ) -> Row {
    Row(
      name: name, since: since, programs: programs, flags: flags, simulation: .full, note: "", function: function)
  }

  private static func model(
    _ name: String, _ since: String, _ function: KernelFunction, _ programs: HelperRow.Programs = both,
    _ flags: Row.Flags = [], note: String
  ) -> Row {
    Row(
      name: name, since: since, programs: programs, flags: flags, simulation: .model, note: note, function: function)
  }

  private static func none(
    _ name: String, _ since: String, _ programs: HelperRow.Programs = both, _ flags: Row.Flags = [], note: String
  ) -> Row {
    Row(name: name, since: since, programs: programs, flags: flags, simulation: .none, note: note, function: nil)
  }

  /// One that the kernel registers for XDP and TC programs too, although none of them can sleep.
  private static func sleepable(_ name: String, _ since: String) -> Row {
    Row(
      name: name, since: since, programs: [], flags: .sleepable, simulation: .none,
      note: "only programs that may sleep can call it", function: nil)
  }

  /// In groups, as the kernel's sources have them.
  static let entries: [KernelFunctionRow] =
    sections + dynptrs + iterators + objects + strings + packets + connections + tasks + sleepers

  private static let sections: [KernelFunctionRow] = [
    full("bpf_rcu_read_lock", "6.2", .nothing),
    full("bpf_rcu_read_unlock", "6.2", .nothing),
    full("bpf_preempt_disable", "6.10", .nothing),
    full("bpf_preempt_enable", "6.10", .nothing),
    full("bpf_local_irq_save", "6.14", .saveInterrupts),
    full("bpf_local_irq_restore", "6.14", .nothing),
    full("bpf_res_spin_lock", "6.15", .lockResilient, both, .mayReturnNull),
    full("bpf_res_spin_unlock", "6.15", .unlockResilient),
    full("bpf_res_spin_lock_irqsave", "6.15", .lockResilientSaving, both, .mayReturnNull),
    full("bpf_res_spin_unlock_irqrestore", "6.15", .unlockResilientRestoring),
    full("bpf_throw", "6.7", .throwException),
    full("bpf_rdonly_cast", "6.2", .castReadOnly),
    model(
      "bpf_cast_to_kern_ctx", "6.2", .castToKernelContext,
      note: "the members of struct xdp_buff and struct sk_buff that programs read most; others are 0"),
    full("bpf_wq_init", "6.10", .workInit),
    full("bpf_wq_set_callback_impl", "6.10", .workSetCallback),
    model("bpf_wq_start", "6.10", .workStart, note: "the callback runs when the program is done"),
    none("bpf_stream_vprintk_impl", "6.17", note: "a program has no streams here"),
    none("__bpf_trap", "6.17", note: "the compiler puts it where a program must never get to"),
  ]

  private static let dynptrs: [KernelFunctionRow] = [
    full("bpf_dynptr_from_xdp", "6.4", .dynptrFromXDP, .xdp),
    full("bpf_dynptr_from_skb", "6.4", .dynptrFromSocketBuffer, .classifier),
    full("bpf_dynptr_from_skb_meta", "6.18", .dynptrFromMetadata, .classifier),
    full("bpf_dynptr_slice", "6.4", .dynptrSlice, both, .mayReturnNull),
    full("bpf_dynptr_slice_rdwr", "6.4", .dynptrSliceWritable, both, .mayReturnNull),
    full("bpf_dynptr_adjust", "6.5", .dynptrAdjust),
    full("bpf_dynptr_is_null", "6.5", .dynptrIsNull),
    full("bpf_dynptr_is_rdonly", "6.5", .dynptrIsReadOnly),
    full("bpf_dynptr_size", "6.5", .dynptrSize),
    full("bpf_dynptr_clone", "6.5", .dynptrClone),
    full("bpf_dynptr_copy", "6.15", .dynptrCopy),
    full("bpf_dynptr_memset", "6.17", .dynptrFill),
    full("bpf_probe_read_kernel_dynptr", "6.16", .dynptrProbeRead),
    full("bpf_probe_read_kernel_str_dynptr", "6.16", .dynptrProbeReadString),
    model(
      "bpf_probe_read_user_dynptr", "6.16", .dynptrProbeReadUser, note: "EFAULT: there is no user space"),
    model(
      "bpf_probe_read_user_str_dynptr", "6.16", .dynptrProbeReadUserString, note: "EFAULT: there is no user space"),
  ]

  private static let iterators: [KernelFunctionRow] = [
    full("bpf_iter_num_new", "6.4", .numberIteratorNew),
    full("bpf_iter_num_next", "6.4", .numberIteratorNext, both, .mayReturnNull),
    full("bpf_iter_num_destroy", "6.4", .numberIteratorDestroy),
    full("bpf_iter_bits_new", "6.11", .bitIteratorNew),
    full("bpf_iter_bits_next", "6.11", .bitIteratorNext, both, .mayReturnNull),
    full("bpf_iter_bits_destroy", "6.11", .bitIteratorDestroy),
    model("bpf_iter_task_new", "6.7", .emptyIteratorNew, note: "there are no tasks to go through"),
    model(
      "bpf_iter_task_next", "6.7", .emptyIteratorNext, both, .mayReturnNull, note: "there are no tasks to go through"),
    model("bpf_iter_task_destroy", "6.7", .nothing, note: "there are no tasks to go through"),
    model("bpf_iter_css_new", "6.7", .emptyIteratorNew, note: "there are no cgroups to go through"),
    model(
      "bpf_iter_css_next", "6.7", .emptyIteratorNext, both, .mayReturnNull, note: "there are no cgroups to go through"),
    model("bpf_iter_css_destroy", "6.7", .nothing, note: "there are no cgroups to go through"),
    model("bpf_iter_task_vma_new", "6.7", .emptyIteratorNew, note: "tasks have no memory of their own"),
    model(
      "bpf_iter_task_vma_next", "6.7", .emptyIteratorNext, both, .mayReturnNull,
      note: "tasks have no memory of their own"),
    model("bpf_iter_task_vma_destroy", "6.7", .nothing, note: "tasks have no memory of their own"),
    none("bpf_iter_css_task_new", "6.7", note: "only LSM, iterator and sleepable programs can call it"),
    none(
      "bpf_iter_css_task_next", "6.7", both, .mayReturnNull,
      note: "only LSM, iterator and sleepable programs can call it"),
    none("bpf_iter_css_task_destroy", "6.7", note: "only LSM, iterator and sleepable programs can call it"),
  ]

  private static let objects: [KernelFunctionRow] = [
    full("bpf_obj_new_impl", "6.2", .objectNew, both, [.acquire, .mayReturnNull]),
    full("bpf_obj_drop_impl", "6.2", .objectDrop, both, .release),
    full("bpf_percpu_obj_new_impl", "6.7", .percpuObjectNew, both, [.acquire, .mayReturnNull]),
    full("bpf_percpu_obj_drop_impl", "6.7", .percpuObjectDrop, both, .release),
    full("bpf_refcount_acquire_impl", "6.4", .objectAcquire, both, [.acquire, .mayReturnNull]),
    full("bpf_list_push_front_impl", "6.2", .listPushFront),
    full("bpf_list_push_back_impl", "6.2", .listPushBack),
    full("bpf_list_pop_front", "6.2", .listPopFront, both, [.acquire, .mayReturnNull]),
    full("bpf_list_pop_back", "6.2", .listPopBack, both, [.acquire, .mayReturnNull]),
    full("bpf_list_front", "6.16", .listFront, both, .mayReturnNull),
    full("bpf_list_back", "6.16", .listBack, both, .mayReturnNull),
    full("bpf_rbtree_add_impl", "6.3", .treeAdd),
    full("bpf_rbtree_remove", "6.3", .treeRemove, both, [.acquire, .mayReturnNull]),
    full("bpf_rbtree_first", "6.3", .treeFirst, both, .mayReturnNull),
    full("bpf_rbtree_root", "6.16", .treeRoot, both, .mayReturnNull),
    full("bpf_rbtree_left", "6.16", .treeLeft, both, .mayReturnNull),
    full("bpf_rbtree_right", "6.16", .treeRight, both, .mayReturnNull),
    full("bpf_map_sum_elem_count", "6.6", .mapElementSum),
  ]

  private static let strings: [KernelFunctionRow] = [
    full("bpf_strcmp", "6.17", .stringCompare),
    full("bpf_strcasecmp", "6.18", .stringCompareIgnoringCase),
    full("bpf_strchr", "6.17", .stringFind),
    full("bpf_strchrnul", "6.17", .stringFindOrEnd),
    full("bpf_strrchr", "6.17", .stringFindLast),
    full("bpf_strnchr", "6.17", .stringFindWithin),
    full("bpf_strlen", "6.17", .stringLength),
    full("bpf_strnlen", "6.17", .stringLengthWithin),
    full("bpf_strspn", "6.17", .stringSpan),
    full("bpf_strcspn", "6.17", .stringComplementSpan),
    full("bpf_strstr", "6.17", .stringSearch),
    full("bpf_strnstr", "6.17", .stringSearchWithin),
  ]

  private static let packets: [KernelFunctionRow] = [
    model(
      "bpf_xdp_metadata_rx_timestamp", "6.3", .metadataTimestamp, .xdp,
      note: "given by options, or the time stamp of the packet"),
    model("bpf_xdp_metadata_rx_hash", "6.3", .metadataHash, .xdp, note: "given by options; ENODATA without"),
    model("bpf_xdp_metadata_rx_vlan_tag", "6.8", .metadataTag, .xdp, note: "given by options, or the tag of the frame"),
    full("bpf_xdp_pull_data", "6.18", .pullData, .xdp),
    none(
      "bpf_xdp_get_xfrm_state", "6.8", .xdp, [.acquire, .mayReturnNull],
      note: "there are no IPsec states here"),
    none("bpf_xdp_xfrm_state_release", "6.8", .xdp, .release, note: "there are no IPsec states here"),
    none("bpf_skb_get_xfrm_info", "6.2", .classifier, note: "there are no IPsec interfaces here"),
    none("bpf_skb_set_xfrm_info", "6.2", .classifier, note: "there are no IPsec interfaces here"),
    none("bpf_skb_get_fou_encap", "6.4", .classifier, note: "there are no FOU tunnels here"),
    none("bpf_skb_set_fou_encap", "6.4", .classifier, note: "there are no FOU tunnels here"),
    model(
      "bpf_sk_assign_tcp_reqsk", "6.9", .assignRequest, .classifier,
      note: "on the options' sockets; the skb gets the listener itself"),
    none("bpf_crypto_encrypt", "6.10", note: "crypto contexts are made by other programs, which do not run here"),
    none("bpf_crypto_decrypt", "6.10", note: "crypto contexts are made by other programs, which do not run here"),
  ]

  private static let connections: [KernelFunctionRow] = [
    model("bpf_xdp_ct_lookup", "5.18", .connectionLookup, both, [.acquire, .mayReturnNull], note: table),
    model("bpf_skb_ct_lookup", "5.18", .connectionLookup, both, [.acquire, .mayReturnNull], note: table),
    model("bpf_xdp_ct_alloc", "6.0", .connectionAllocate, both, [.acquire, .mayReturnNull], note: table),
    model("bpf_skb_ct_alloc", "6.0", .connectionAllocate, both, [.acquire, .mayReturnNull], note: table),
    model("bpf_ct_insert_entry", "6.0", .connectionInsert, both, [.acquire, .release, .mayReturnNull], note: table),
    model("bpf_ct_release", "5.18", .connectionRelease, both, .release, note: table),
    model("bpf_ct_set_timeout", "6.0", .connectionSetTimeout, note: table),
    model("bpf_ct_change_timeout", "6.0", .connectionChangeTimeout, note: table),
    model("bpf_ct_set_status", "6.0", .connectionSetStatus, note: table),
    model("bpf_ct_change_status", "6.0", .connectionChangeStatus, note: table),
    model("bpf_ct_set_nat_info", "6.1", .connectionSetTranslation, note: table),
    model("bpf_xdp_flow_lookup", "6.11", .flowLookup, .xdp, .mayReturnNull, note: "flows of the options file"),
  ]
  private static let table = "connections of the options file and those that programs add"

  private static let tasks: [KernelFunctionRow] = [
    model("bpf_task_acquire", "6.2", .returnArgument, both, [.acquire, .mayReturnNull], note: "the idle task alone"),
    model("bpf_task_release", "6.2", .nothing, both, .release, note: "the idle task alone"),
    model(
      "bpf_task_from_pid", "6.2", .returnNull, both, [.acquire, .mayReturnNull], note: "no process has that number"),
    model(
      "bpf_task_from_vpid", "6.14", .returnNull, both, [.acquire, .mayReturnNull], note: "no process has that number"),
    model(
      "bpf_cgroup_acquire", "6.2", .returnArgument, both, [.acquire, .mayReturnNull], note: "the root cgroup alone"),
    model("bpf_cgroup_release", "6.2", .nothing, both, .release, note: "the root cgroup alone"),
    model(
      "bpf_cgroup_from_id", "6.2", .cgroupFromIdentifier, both, [.acquire, .mayReturnNull],
      note: "the root cgroup alone"),
    model(
      "bpf_cgroup_ancestor", "6.2", .cgroupAncestor, both, [.acquire, .mayReturnNull], note: "the root cgroup alone"),
    model("bpf_task_under_cgroup", "6.5", .taskUnderCgroup, note: "the idle task in the root cgroup"),
    model(
      "bpf_task_get_cgroup1", "6.8", .returnNull, both, [.acquire, .mayReturnNull],
      note: "there is no cgroup of version 1"),
    model("bpf_get_kmem_cache", "6.13", .returnNull, both, .mayReturnNull, note: "addresses belong to no slab cache"),
    none("bpf_cgroup_read_xattr", "6.17", note: "cgroups have no attributes here"),
    none("bpf_send_signal_task", "6.13", note: "there are no tasks to signal"),
    none("bpf_task_work_schedule_signal_impl", "6.18", note: "there are no tasks to do work"),
    none("bpf_task_work_schedule_resume_impl", "6.18", note: "there are no tasks to do work"),
    model(
      "bpf_lookup_system_key", "6.1", .returnNull, both, [.acquire, .mayReturnNull], note: "there are no keyrings"),
    model("bpf_key_put", "6.1", .nothing, both, .release, note: "there are no keyrings"),
  ]

  private static let sleepers: [KernelFunctionRow] = [
    sleepable("bpf_arena_alloc_pages", "6.9"),
    sleepable("bpf_arena_free_pages", "6.9"),
    sleepable("bpf_arena_reserve_pages", "6.17"),
    sleepable("bpf_copy_from_user_str", "6.12"),
    sleepable("bpf_copy_from_user_task_str", "6.15"),
    sleepable("bpf_copy_from_user_dynptr", "6.16"),
    sleepable("bpf_copy_from_user_str_dynptr", "6.16"),
    sleepable("bpf_copy_from_user_task_dynptr", "6.16"),
    sleepable("bpf_copy_from_user_task_str_dynptr", "6.16"),
    sleepable("bpf_iter_kmem_cache_new", "6.13"),
    sleepable("bpf_iter_kmem_cache_next", "6.13"),
    sleepable("bpf_iter_kmem_cache_destroy", "6.13"),
    sleepable("bpf_iter_dmabuf_new", "6.16"),
    sleepable("bpf_iter_dmabuf_next", "6.16"),
    sleepable("bpf_iter_dmabuf_destroy", "6.16"),
    sleepable("bpf_lookup_user_key", "6.1"),
  ]
}
