# Lets PROGRAM write the manual pages of VERBS and the completions into FOLDER, which is laid out as share/ is.
function(write_page file)
  execute_process(COMMAND ${PROGRAM} ${ARGN} OUTPUT_FILE ${FOLDER}/${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${FOLDER})
foreach(folder man/man1 bash-completion/completions zsh/site-functions fish/vendor_completions.d)
  file(MAKE_DIRECTORY ${FOLDER}/${folder})
endforeach()
foreach(verb ${VERBS})
  write_page(man/man1/${verb}.1 help ${verb} --manual)
endforeach()
write_page(bash-completion/completions/accord help --completion bash)
write_page(zsh/site-functions/_accord help --completion zsh)
write_page(fish/vendor_completions.d/accord.fish help --completion fish)

# bash and fish look for a file named as the command, which may be a verb's link.
foreach(verb ${VERBS})
  file(CREATE_LINK accord ${FOLDER}/bash-completion/completions/${verb} SYMBOLIC)
  file(CREATE_LINK accord.fish ${FOLDER}/fish/vendor_completions.d/${verb}.fish SYMBOLIC)
endforeach()
